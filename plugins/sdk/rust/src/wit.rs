//! Bindings of `coevo:env`, generated from the one WIT file.

wit_bindgen::generate!({
    path: "../../wit",
    world: "environment",
    pub_export_macro: true,
    export_macro_name: "export_environment",
    default_bindings_module: "coevo_sdk::wit",
    runtime_path: "coevo_sdk::wit::runtime",
});

pub use wit_bindgen::rt as runtime;
