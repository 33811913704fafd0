/** The address of the binary, as bundlers give it for a file of this kind; `init(address)` takes it. */
declare const address: string;
export default address;
