/** The binary as base64 text, as the bundler gives it. */
declare module '#wasm' {
  const text: string;
  export default text;
}
