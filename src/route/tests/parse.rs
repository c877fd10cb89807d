//! Reads a setting from the columns of a line.

use super::setting::{
    AccessSpec, Block, ConsistencySpec, DatabaseSpec, Given, HealthSpec, NodeSpec, PlaceSpec,
    ReadSpec, Reads, RoleSpec, RouteSpec, ServiceSpec, Setting, StatementSpec, Tables, WroteSpec,
};

/// The setting of a line: its databases, what is given, and the statement.
pub(super) fn setting(databases: &str, given: &str, statement: &str) -> Result<Setting, String> {
    Ok(Setting {
        databases: databases
            .split(';')
            .map(database)
            .collect::<Result<_, _>>()?,
        given: parse_given(given)?,
        statement: parse_statement(statement)?,
    })
}

/// `[tracks split] p a(down=500) b`.
fn database(text: &str) -> Result<DatabaseSpec, String> {
    let mut spec = DatabaseSpec::default();
    let mut rest = text.trim();
    if let Some((marks, nodes)) = rest.strip_prefix('[').and_then(|r| r.split_once(']')) {
        for mark in marks.split_whitespace() {
            match key_value(mark)? {
                ("tracks", None) => spec.tracks_positions = true,
                ("removed", None) => spec.removed = true,
                ("split", None) => spec.block = Some(Block::SplitBrain),
                ("no_primary", None) => spec.block = Some(Block::NoPrimary),
                ("unreachable", Some(until)) => {
                    spec.block = Some(Block::Unreachable(number(until)?));
                }
                _ => return Err(format!("no mark of a database: {mark}")),
            }
        }
        rest = nodes.trim();
    }
    while !rest.is_empty() {
        let end = rest.find([' ', '(']).unwrap_or(rest.len());
        let mut node = NodeSpec::new(&rest[..end]);
        rest = &rest[end..];
        if let Some((marks, after)) = rest.strip_prefix('(').and_then(|r| r.split_once(')')) {
            for mark in marks.split_whitespace() {
                mark_node(&mut node, mark)?;
            }
            rest = after;
        }
        spec.nodes.push(node);
        rest = rest.trim_start();
    }
    Ok(spec)
}

fn mark_node(node: &mut NodeSpec, mark: &str) -> Result<(), String> {
    match key_value(mark)? {
        ("probation", None) => node.health = HealthSpec::Probation,
        ("suspect", Some(until)) => node.health = HealthSpec::Suspect(number(until)?),
        ("down", Some(until)) => node.health = HealthSpec::Down(number(until)?),
        ("dead", Some(until)) => node.health = HealthSpec::Dead(number(until)?),
        ("joining", None) => node.service = ServiceSpec::Joining,
        ("draining", None) => node.service = ServiceSpec::Draining,
        ("removed", None) => node.service = ServiceSpec::Removed,
        ("refused", None) => node.refused = true,
        ("lagging", None) => node.lagging = true,
        ("has", Some(ago)) => node.has = Some(number(ago)?),
        ("at", Some(position)) => node.at = Some(position.to_owned()),
        ("back", Some(ago)) => node.back = Some(number(ago)?),
        ("zone", Some(zone)) => node.zone = Some(zone.to_owned()),
        ("weight", Some(weight)) => node.weight = number(weight)?,
        ("busy", Some(count)) => node.busy = number(count)?,
        ("slow", Some(latency)) => node.slow = Some(number(latency)?),
        _ => return Err(format!("no mark of a node: {mark}")),
    }
    Ok(())
}

fn parse_given(text: &str) -> Result<Given, String> {
    let mut given = Given::default();
    for phrase in text.split(',').map(str::trim) {
        let words: Vec<&str> = phrase.split_whitespace().collect();
        if !(options(&mut given, &words)? || history(&mut given, &words)?) {
            return Err(format!("not understood: {phrase}"));
        }
    }
    Ok(given)
}

/// Options, scope and attempts. Returns `false` if it is none of them.
fn options(given: &mut Given, words: &[&str]) -> Result<bool, String> {
    match words {
        [] => {}
        ["policy", policy @ ..] => given.policy = owned(policy),
        ["include"] => given.reads = Reads::Include,
        ["never"] => given.reads = Reads::Never,
        ["using", name] => given.place = Some(PlaceSpec::Using((*name).to_owned())),
        ["entity", name] => given.place = Some(PlaceSpec::Entity((*name).to_owned())),
        ["node", name] => given.place = Some(PlaceSpec::Node((*name).to_owned())),
        ["on_primary"] => given.role = Some(RoleSpec::Primary),
        ["on_replica"] => given.role = Some(RoleSpec::Replica),
        ["read_only"] => given.read_only = true,
        ["failed", nodes @ ..] => given.failed = owned(nodes),
        ["follows_up", name] => given.follows_up = Some((*name).to_owned()),
        ["route", route @ ..] => given.route = Some(parse_route(route)?),
        ["sqlite"] => given.sqlite = true,
        ["in_transaction"] => given.in_transaction = true,
        ["random", fraction] => {
            let fraction = fraction.parse().map_err(|_| format!("{fraction}?"))?;
            given.random = Some(fraction);
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// What the session did. Returns `false` if the text is not about that.
fn history(given: &mut Given, words: &[&str]) -> Result<bool, String> {
    match words {
        ["eventual"] => given.consistency = Some(ConsistencySpec::Eventual),
        ["window", length] => given.consistency = Some(ConsistencySpec::Window(number(length)?)),
        ["causal"] => given.consistency = Some(ConsistencySpec::Causal),
        ["wrote", "in", "doubt"] => given.wrote = Some(WroteSpec::InDoubt),
        ["wrote", "until", end] => given.wrote = Some(WroteSpec::Until(number(end)?)),
        ["wrote", "before", position] => {
            given.wrote = Some(WroteSpec::Before((*position).to_owned()));
        }
        ["wrote", ago] => given.wrote = Some(WroteSpec::Ago(number(ago)?)),
        ["read", node, ago] => {
            given.read = Some(ReadSpec {
                node: (*node != "somewhere").then(|| (*node).to_owned()),
                ago: Some(number(ago)?),
            });
        }
        ["reading", node] => {
            given.read = Some(ReadSpec {
                node: Some((*node).to_owned()),
                ago: None,
            });
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// The answer of a routing policy.
fn parse_route(words: &[&str]) -> Result<RouteSpec, String> {
    let database = |name: &&str, role| RouteSpec::Database((*name).to_owned(), role);
    Ok(match words {
        ["to", "node", name] => RouteSpec::Node((*name).to_owned()),
        ["to", "primary", "of", name] => database(name, Some(RoleSpec::Primary)),
        ["to", "replica", "of", name] => database(name, Some(RoleSpec::Replica)),
        ["to", name] => database(name, None),
        ["fails"] => RouteSpec::Fails,
        _ => return Err(format!("no route: {words:?}")),
    })
}

/// `read`, `write of other`, `read of no table`.
fn parse_statement(text: &str) -> Result<StatementSpec, String> {
    let (access, tables) = text.split_once(" of ").unwrap_or((text, "main"));
    Ok(StatementSpec {
        access: match access {
            "read" => AccessSpec::Read,
            "per_node" => AccessSpec::PerNode,
            "locking" => AccessSpec::Locking,
            "show" => AccessSpec::Show,
            "set" => AccessSpec::Set,
            "unknown" => AccessSpec::Unknown,
            "write" => AccessSpec::Write,
            "schema" => AccessSpec::Schema,
            "zero_byte" => AccessSpec::ZeroByte,
            _ => return Err(format!("no access: {access}")),
        },
        tables: match tables {
            "no table" => Tables::None,
            "unbound" => Tables::Unbound,
            "refused" => Tables::Refused,
            "several" => Tables::Several,
            name => Tables::Bound(name.to_owned()),
        },
    })
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn key_value(mark: &str) -> Result<(&str, Option<&str>), String> {
    match mark.split_once('=') {
        Some((_, "")) => Err(format!("no value: {mark}")),
        Some((key, value)) => Ok((key, Some(value))),
        None => Ok((mark, None)),
    }
}

fn number<N: std::str::FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("no number: {text}"))
}
