//! The modules of a crate, from its files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use syn::{Attribute, Expr, ExprLit, Item, Lit};

/// The items of each module, by its path: `[]` is the root, `["topology", "node"]` a module.
pub(crate) type Tree = BTreeMap<Vec<String>, Vec<Item>>;

/// Reads the crate whose `lib.rs` is in `source`.
pub(crate) fn read(source: &Path) -> Tree {
    let mut tree = Tree::new();
    add_file(&mut tree, Vec::new(), &source.join("lib.rs"), source);
    tree
}

fn add_file(tree: &mut Tree, path: Vec<String>, file: &Path, children: &Path) {
    let text = std::fs::read_to_string(file);
    let text = text.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let parsed = syn::parse_file(&text);
    let parsed = parsed.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    add_items(tree, path, parsed.items, (file, children));
}

/// `place` is the file of the items, and the directory of the modules below them.
fn add_items(tree: &mut Tree, path: Vec<String>, items: Vec<Item>, place: (&Path, &Path)) {
    let (file, children) = place;
    for item in &items {
        let Item::Mod(module) = item else { continue };
        if is_for_tests(&module.attrs) {
            continue;
        }
        let name = module.ident.to_string();
        let mut inner = path.clone();
        inner.push(name.clone());
        let below = children.join(&name);
        match &module.content {
            Some((_, items)) => add_items(tree, inner, items.clone(), (file, &below)),
            None => {
                let named = path_of(&module.attrs).map(|path| file.with_file_name(path));
                let file = named.unwrap_or_else(|| file_of(children, &name));
                add_file(tree, inner, &file, &below);
            }
        }
    }
    tree.insert(path, items);
}

fn file_of(directory: &Path, name: &str) -> PathBuf {
    let file = directory.join(format!("{name}.rs"));
    match file.exists() {
        true => file,
        false => directory.join(name).join("mod.rs"),
    }
}

/// What `#[path = "..."]` says.
fn path_of(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| {
        let meta = attribute.meta.require_name_value().ok()?;
        match (&meta.value, meta.path.is_ident("path")) {
            (
                Expr::Lit(ExprLit {
                    lit: Lit::Str(path),
                    ..
                }),
                true,
            ) => Some(path.value()),
            _ => None,
        }
    })
}

/// Whether an item is compiled for the tests of the crate alone.
pub(crate) fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let meta = attribute.meta.require_list();
        meta.is_ok_and(|list| list.path.is_ident("cfg") && list.tokens.to_string() == "test")
    })
}
