//! The derive of `sea-orm-routing`; use it from there.

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::quote;
use syn::{DeriveInput, LitStr, parse_macro_input};

/// Binds an entity to a database at the declaration of the entity, so that no builder can forget it.
///
/// Put it on the `Model`, beside SeaORM's own derive, with `#[binding(database = "warehouse")]`. Every
/// [`RoutingConnection`](https://docs.rs/sea-orm-routing) built in the program has the binding, and
/// fails to build if it has no database of that name.
#[proc_macro_derive(DeriveBinding, attributes(binding))]
pub fn derive_binding(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(&input)
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

fn expand(input: &DeriveInput) -> syn::Result<Tokens> {
    // `#[sea_orm::model]` copies the derives of `Model` to `ModelEx`; one registration is enough.
    if input.ident == "ModelEx" {
        return Ok(Tokens::new());
    }
    let database = database(input)?;
    Ok(quote! {
        ::sea_orm_routing::register_binding!(Entity, #database);
    })
}

fn database(input: &DeriveInput) -> syn::Result<LitStr> {
    let mut database = None;
    for attribute in input.attrs.iter().filter(|a| a.path().is_ident("binding")) {
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("database") {
                return Err(meta.error("expected `database = \"...\"`"));
            }
            if database.is_some() {
                return Err(meta.error("the database is already named; an entity has one"));
            }
            database = Some(meta.value()?.parse()?);
            Ok(())
        })?;
    }
    database.ok_or_else(|| {
        syn::Error::new_spanned(
            &input.ident,
            "DeriveBinding needs the name of a database; add #[binding(database = \"...\")]",
        )
    })
}
