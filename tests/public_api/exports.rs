//! What the root of a crate exports.

use std::collections::BTreeMap;

use syn::{Item, UseTree, Visibility};

use crate::tree::Tree;

/// A module's path and the name of an item in it.
pub(crate) type Place = (Vec<String>, String);

/// The paths that users can write, each with the place where the item is defined, if it is the
/// crate's own.
pub(crate) fn of(tree: &Tree) -> BTreeMap<String, Place> {
    let mut exports = BTreeMap::new();
    walk(tree, &[], &mut exports);
    exports
}

fn walk(tree: &Tree, module: &[String], exports: &mut BTreeMap<String, Place>) {
    for item in &tree[module] {
        if is_hidden(item) || !is_public(item) {
            continue;
        }
        match item {
            Item::Mod(inner) => walk(tree, &joined(module, &inner.ident.to_string()), exports),
            Item::Use(uses) => {
                for (name, path) in leaves(&uses.tree) {
                    exports.insert(shown(module, &name), resolved(tree, module, path));
                }
            }
            item => {
                if let Some(name) = name_of(item) {
                    exports.insert(shown(module, &name), (module.to_vec(), name));
                }
            }
        }
    }
}

/// The place an imported path leads to, through the imports on its way.
fn resolved(tree: &Tree, module: &[String], path: Vec<String>) -> Place {
    let mut at = match path[0].as_str() {
        "crate" => Vec::new(),
        _ => module.to_vec(),
    };
    let mut path: &[String] = &path;
    while matches!(path[0].as_str(), "crate" | "self" | "super") {
        if path[0] == "super" {
            at.pop();
        }
        path = &path[1..];
    }
    let (name, modules) = path.split_last().expect("a name");
    for inner in modules {
        at.push(inner.clone());
        if !tree.contains_key(&at) {
            return (Vec::new(), path.join("::"));
        }
    }
    let is_defined = |item: &Item| name_of(item).is_some_and(|found| found == *name);
    if tree[&at].iter().any(is_defined) {
        return (at, name.clone());
    }
    let uses = tree[&at].iter().filter_map(|item| match item {
        Item::Use(uses) => Some(leaves(&uses.tree)),
        _ => None,
    });
    match uses.flatten().find(|(found, _)| found == name) {
        Some((_, path)) => resolved(tree, &at, path),
        None => (Vec::new(), path.join("::")),
    }
}

/// The names an import brings, each with its path.
fn leaves(tree: &UseTree) -> Vec<(String, Vec<String>)> {
    match tree {
        UseTree::Path(path) => {
            let with = |(name, mut rest): (String, Vec<String>)| {
                rest.insert(0, path.ident.to_string());
                (name, rest)
            };
            leaves(&path.tree).into_iter().map(with).collect()
        }
        UseTree::Name(name) => vec![(name.ident.to_string(), vec![name.ident.to_string()])],
        UseTree::Rename(name) => vec![(name.rename.to_string(), vec![name.ident.to_string()])],
        UseTree::Group(group) => group.items.iter().flat_map(leaves).collect(),
        UseTree::Glob(_) => Vec::new(),
    }
}

fn shown(module: &[String], name: &str) -> String {
    joined(module, name).join("::")
}

fn joined(module: &[String], name: &str) -> Vec<String> {
    let mut path = module.to_vec();
    path.push(name.to_owned());
    path
}

/// The name of a definition.
pub(crate) fn name_of(item: &Item) -> Option<String> {
    Some(match item {
        Item::Const(item) => item.ident.to_string(),
        Item::Enum(item) => item.ident.to_string(),
        Item::Fn(item) => item.sig.ident.to_string(),
        Item::Static(item) => item.ident.to_string(),
        Item::Struct(item) => item.ident.to_string(),
        Item::Trait(item) => item.ident.to_string(),
        Item::Type(item) => item.ident.to_string(),
        Item::Macro(item) => match &item.ident {
            Some(ident) => ident.to_string(),
            None => return None,
        },
        _ => return None,
    })
}

fn is_public(item: &Item) -> bool {
    let visibility = match item {
        Item::Const(item) => &item.vis,
        Item::Enum(item) => &item.vis,
        Item::Fn(item) => &item.vis,
        Item::Mod(item) => &item.vis,
        Item::Static(item) => &item.vis,
        Item::Struct(item) => &item.vis,
        Item::Trait(item) => &item.vis,
        Item::Type(item) => &item.vis,
        Item::Use(item) => &item.vis,
        _ => return false,
    };
    matches!(visibility, Visibility::Public(_))
}

/// Whether an item is left out of the documentation.
fn is_hidden(item: &Item) -> bool {
    let attributes = match item {
        Item::Mod(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => return false,
    };
    attributes.iter().any(|attribute| {
        let meta = attribute.meta.require_list();
        meta.is_ok_and(|list| list.path.is_ident("doc") && list.tokens.to_string() == "hidden")
    })
}
