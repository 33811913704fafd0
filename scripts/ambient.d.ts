/** The optimised binary in base64, put in place by the bundler. */
declare module '#wasm' {
  const base64: string;
  export default base64;
}
