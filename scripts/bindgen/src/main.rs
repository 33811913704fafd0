//! Writes the JavaScript glue of the built wasm: `cartwright-bindgen INPUT.wasm OUTPUT_FOLDER`.

use std::{env, error::Error};

use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [input, output] = arguments.as_slice() else {
        return Err("usage: cartwright-bindgen INPUT.wasm OUTPUT_FOLDER".into());
    };
    Bindgen::new()
        .input_path(input)
        .out_name("cartwright")
        .web(true)?
        .typescript(true)
        // The loader names the binary, so that bundlers see one address and not two.
        .omit_default_module_path(true)
        // The build finds panics by their names and takes these away then.
        .remove_name_section(false)
        .remove_producers_section(true)
        .generate(output)?;
    Ok(())
}
