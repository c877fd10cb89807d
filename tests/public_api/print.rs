//! Prints what is exported, without bodies and private parts.

use std::collections::{BTreeMap, BTreeSet};

use quote::{ToTokens, quote};
use syn::{Attribute, Fields, ImplItem, Item, ItemImpl, TraitItem, Type, Visibility};

use crate::exports::{Place, name_of};
use crate::tree::{Tree, is_for_tests};

/// One line for each item, and below it its parts; where an item has several paths, the shortest has
/// them.
pub(crate) fn text(exports: &BTreeMap<String, Place>, tree: &Tree) -> String {
    let mut shortest: BTreeMap<&Place, &String> = BTreeMap::new();
    for (path, place) in exports {
        let kept = shortest.entry(place).or_insert(path);
        if path.matches("::").count() < kept.matches("::").count() {
            *kept = path;
        }
    }
    let mut lines = Vec::new();
    for (path, place) in exports {
        match shortest[place] {
            first if first == path => lines.extend(item(path, place, tree)),
            first => lines.push(format!("use {first} as {path}")),
        }
    }
    lines.extend(exported_macros(tree));
    lines.join("\n") + "\n"
}

fn item(path: &str, (module, name): &Place, tree: &Tree) -> Vec<String> {
    let found = tree.get(module).into_iter().flatten();
    let Some(found) = found.into_iter().find(|item| is(item, name)) else {
        return vec![format!("{path} = {name}")];
    };
    let (head, parts) = definition(found);
    let mut lines = vec![format!("{path}: {head}")];
    lines.extend(parts.into_iter().map(|part| format!("    {part}")));
    let impls: BTreeSet<_> = tree
        .values()
        .flatten()
        .flat_map(|item| implemented(item, name))
        .collect();
    lines.extend(impls.into_iter().map(|part| format!("    {part}")));
    lines
}

fn is(item: &Item, name: &str) -> bool {
    name_of(item).is_some_and(|found| found == name)
}

/// The head of a definition and its public parts.
fn definition(item: &Item) -> (String, Vec<String>) {
    match item {
        Item::Struct(item) => {
            let (attributes, name, generics) = (kept(&item.attrs), &item.ident, &item.generics);
            let head = tidy(quote!(#(#attributes)* struct #name #generics));
            (head, fields(&item.fields, true))
        }
        Item::Enum(item) => {
            let (attributes, name, generics) = (kept(&item.attrs), &item.ident, &item.generics);
            let variants = item.variants.iter().map(|variant| {
                let (attributes, name) = (kept(&variant.attrs), &variant.ident);
                let fields = fields(&variant.fields, false).join(", ");
                match fields.is_empty() {
                    true => tidy(quote!(#(#attributes)* #name)),
                    false => format!("{} {{ {fields} }}", tidy(quote!(#(#attributes)* #name))),
                }
            });
            (
                tidy(quote!(#(#attributes)* enum #name #generics)),
                variants.collect(),
            )
        }
        Item::Trait(item) => {
            let (name, generics, bounds) = (&item.ident, &item.generics, &item.supertraits);
            let parts = item.items.iter().map(|part| match part {
                TraitItem::Fn(part) => {
                    let signature = &part.sig;
                    let body = part.default.is_some().then(|| quote!({ .. }));
                    tidy(quote!(#signature #body))
                }
                part => tidy(part.to_token_stream()),
            });
            (
                tidy(quote!(trait #name #generics: #bounds)),
                parts.collect(),
            )
        }
        Item::Fn(item) => (tidy(item.sig.to_token_stream()), Vec::new()),
        Item::Const(item) => {
            let (name, kind) = (&item.ident, &item.ty);
            (tidy(quote!(const #name: #kind)), Vec::new())
        }
        Item::Type(item) => (tidy(item.to_token_stream()), Vec::new()),
        item => (tidy(item.to_token_stream()), Vec::new()),
    }
}

fn fields(fields: &Fields, only_public: bool) -> Vec<String> {
    let shown = fields
        .iter()
        .filter(|field| !only_public || is_public(&field.vis));
    let text = |field: &syn::Field| match (&field.ident, &field.ty) {
        (Some(name), kind) => tidy(quote!(#name: #kind)),
        (None, kind) => tidy(kind.to_token_stream()),
    };
    shown.map(text).collect()
}

/// What an item adds to a type of that name: its functions, or a trait; or a macro that names it.
fn implemented(item: &Item, name: &str) -> Vec<String> {
    match item {
        Item::Impl(item) if !is_for_tests(&item.attrs) && names(&item.self_ty, name) => {
            match &item.trait_ {
                Some((_, found, _)) => {
                    let (kind, generics) = (&item.self_ty, &item.generics);
                    vec![tidy(quote!(impl #generics #found for #kind))]
                }
                None => functions(item),
            }
        }
        Item::Macro(item) if item.ident.is_none() => {
            let tokens = &item.mac.tokens;
            let named = tokens
                .clone()
                .into_iter()
                .any(|token| token.to_string() == name);
            let found = item.mac.path.to_token_stream();
            named
                .then(|| tidy(quote!(#found!(..))))
                .into_iter()
                .collect()
        }
        _ => Vec::new(),
    }
}

fn functions(item: &ItemImpl) -> Vec<String> {
    let shown = item.items.iter().filter_map(|part| match part {
        ImplItem::Fn(part) if is_public(&part.vis) && !is_for_tests(&part.attrs) => {
            let (attributes, signature) = (kept(&part.attrs), &part.sig);
            Some(tidy(quote!(#(#attributes)* #signature)))
        }
        ImplItem::Const(part) if is_public(&part.vis) => {
            let (name, kind) = (&part.ident, &part.ty);
            Some(tidy(quote!(const #name: #kind)))
        }
        _ => None,
    });
    shown.collect()
}

/// The macros at the root of the crate.
fn exported_macros(tree: &Tree) -> Vec<String> {
    let items = tree.values().flatten();
    let exported = items.filter_map(|item| match item {
        Item::Macro(item)
            if item
                .attrs
                .iter()
                .any(|it| it.path().is_ident("macro_export")) =>
        {
            item.ident.as_ref().map(|name| format!("macro {name}!"))
        }
        _ => None,
    });
    exported.collect()
}

fn names(kind: &Type, name: &str) -> bool {
    match kind {
        Type::Path(path) => path
            .path
            .segments
            .last()
            .is_some_and(|last| last.ident == name),
        Type::Reference(reference) => names(&reference.elem, name),
        _ => false,
    }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// The attributes that are part of the API.
fn kept(attributes: &[Attribute]) -> Vec<&Attribute> {
    let names = ["non_exhaustive", "must_use", "deprecated", "derive", "cfg"];
    let is_kept = |it: &&Attribute| names.iter().any(|name| it.path().is_ident(name));
    attributes.iter().filter(is_kept).collect()
}

/// Tokens as one writes them.
fn tidy(tokens: impl ToTokens) -> String {
    let mut text = tokens.to_token_stream().to_string();
    for (found, better) in [
        (" :: ", "::"),
        (":: ", "::"),
        (" : ", ": "),
        (" , ", ", "),
        (" ,", ","),
        ("& ", "&"),
        (" < ", "<"),
        ("< ", "<"),
        (" > ", "> "),
        (" >", ">"),
        (" (", "("),
        ("( ", "("),
        (" )", ")"),
        ("# [", "#["),
        (" !", "!"),
        ("' ", "'"),
        (" ;", ";"),
        (" .", "."),
    ] {
        text = text.replace(found, better);
    }
    let text = text.replace("(mut self", "(self").replace(",)", ")");
    text.replace("->", " -> ")
        .replace("  ", " ")
        .trim()
        .to_owned()
}
