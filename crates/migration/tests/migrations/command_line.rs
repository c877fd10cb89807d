//! The command line, in the conventions of sea-orm-cli.

use std::process::ExitCode;

use sea_orm_routing::RoutingConnection;
use sea_orm_routing_migration::{Migrations, Steps, cli};

use crate::support::{Result, Set, Site, Sites, creates, tables_of};

const MIGRATION_TABLE: &str = "seaql_migrations";
const FAILED: ExitCode = ExitCode::FAILURE;
const FINE: ExitCode = ExitCode::SUCCESS;

const NAMES: [&str; 3] = ["shop", "stock", "logs"];

fn migrations() -> Migrations {
    Migrations::new()
        .database("shop", creates(&["a", "b"]))
        .database("stock", creates(&["c", "d"]))
}

/// The exit code of `migration <line>`.
async fn run(site: &Site, line: &str) -> ExitCode {
    run_with(migrations(), site, line).await
}

async fn run_with(migrations: Migrations, site: &Site, line: &str) -> ExitCode {
    let arguments = ["migration"].into_iter().chain(line.split_whitespace());
    let connect = async || site.connect(&NAMES).await;
    cli::run_from(migrations, connect, arguments).await
}

async fn tables(site: &Site) -> Result<[Vec<String>; 2]> {
    let db = site.connect(&NAMES).await?;
    Ok([
        tables_of(&db, "shop").await?,
        tables_of(&db, "stock").await?,
    ])
}

#[tokio::test]
async fn up_and_down_as_the_line_says() -> Result {
    for site in Sites::Shared.with("cli_up", 3).await? {
        let nothing: [&str; 0] = [];
        assert_eq!(run(&site, "up -n 1 --database stock").await, FINE);
        assert_eq!(
            tables(&site).await?,
            [nothing.to_vec(), vec!["c", MIGRATION_TABLE]]
        );
        assert_eq!(
            run(&site, "up --num 1 --database shop --database stock").await,
            FINE
        );
        assert_eq!(
            tables(&site).await?,
            [vec!["a", MIGRATION_TABLE], vec!["c", "d", MIGRATION_TABLE]]
        );
        assert_eq!(run(&site, "--database shop up").await, FINE);
        assert_eq!(run(&site, "down --database stock").await, FINE);
        assert_eq!(
            tables(&site).await?,
            [vec!["a", "b", MIGRATION_TABLE], vec!["c", MIGRATION_TABLE]]
        );
        assert_eq!(run(&site, "").await, FINE, "up is the default command");
        assert_eq!(run(&site, "down -n 2").await, FINE);
        assert_eq!(
            tables(&site).await?,
            [vec![MIGRATION_TABLE], vec![MIGRATION_TABLE]]
        );
    }
    Ok(())
}

#[tokio::test]
async fn fresh_refresh_and_reset_take_a_database_too() -> Result {
    for site in Sites::Shared.with("cli_fresh", 3).await? {
        for line in [
            "fresh",
            "refresh",
            "fresh --database shop",
            "refresh --database stock",
        ] {
            assert_eq!(run(&site, line).await, FINE, "{line}");
            assert_eq!(
                tables(&site).await?,
                [
                    vec!["a", "b", MIGRATION_TABLE],
                    vec!["c", "d", MIGRATION_TABLE]
                ]
            );
        }
        assert_eq!(run(&site, "reset --database shop").await, FINE);
        assert_eq!(
            tables(&site).await?,
            [vec![], vec!["c", "d", MIGRATION_TABLE]]
        );
        assert_eq!(run(&site, "reset").await, FINE);
        assert!(tables(&site).await?.iter().all(Vec::is_empty));
    }
    Ok(())
}

#[tokio::test]
async fn status_check_fails_as_long_as_something_is_pending() -> Result {
    for site in Sites::Shared.with("cli_status", 3).await? {
        assert_eq!(run(&site, "status").await, FINE);
        assert_eq!(run(&site, "status --check").await, FAILED);
        assert_eq!(run(&site, "up --database shop").await, FINE);
        assert_eq!(run(&site, "status --check --database shop").await, FINE);
        assert_eq!(run(&site, "status --check --database stock").await, FAILED);
        assert_eq!(run(&site, "status --check").await, FAILED);
        assert_eq!(run(&site, "up").await, FINE);
        assert_eq!(run(&site, "status --check").await, FINE);
    }
    Ok(())
}

#[tokio::test]
async fn a_line_that_makes_no_sense_exits_with_two_and_connects_to_nothing() {
    for line in [
        "sideways",
        "up --num",
        "up -n 0",
        "down -n x",
        "up --colour",
        "--database",
    ] {
        let arguments = ["migration"].into_iter().chain(line.split_whitespace());
        let connect = async || -> Result<RoutingConnection, String> { panic!("connected") };
        let code = cli::run_from(migrations(), connect, arguments).await;
        assert_eq!(code, ExitCode::from(2), "{line}");
    }
}

#[tokio::test]
async fn help_is_no_error() {
    for line in ["--help", "up --help", "help"] {
        let arguments = ["migration"].into_iter().chain(line.split_whitespace());
        let connect = async || -> Result<RoutingConnection, String> { panic!("connected") };
        assert_eq!(
            cli::run_from(migrations(), connect, arguments).await,
            FINE,
            "{line}"
        );
    }
}

#[tokio::test]
async fn an_unknown_database_exits_with_one_and_changes_nothing() -> Result {
    let site = Site::files()?;
    for line in [
        "up --database shop --database stcok",
        "status --database stcok",
        "up --database logs",
    ] {
        assert_eq!(run(&site, line).await, FAILED, "{line}");
    }
    assert!(tables(&site).await?.iter().all(Vec::is_empty));
    Ok(())
}

#[tokio::test]
async fn what_fails_exits_with_one() -> Result {
    for site in Sites::Shared.with("cli_fails", 3).await? {
        let broken = Set::new().sql("m_broken", "CREATE TABEL c (id INTEGER)");
        let migrations = Migrations::new().database("shop", broken);
        assert_eq!(run_with(migrations, &site, "up -q").await, FAILED);
    }
    let connect = async || -> Result<RoutingConnection, String> { Err("no server".to_owned()) };
    let code = cli::run_from(migrations(), connect, ["migration", "up"]).await;
    assert_eq!(code, FAILED);
    Ok(())
}

#[tokio::test]
async fn a_locked_database_exits_with_one() -> Result {
    let site = Site::files()?;
    let db = site.connect(&NAMES).await?;
    let gate = crate::support::Gate::new();
    let first = Migrations::new().database("shop", gate.migrator());
    let late = async {
        gate.begun.notified().await;
        let code = run(&site, "up --lock-timeout 0").await;
        gate.go_on.notify_one();
        Ok(code)
    };
    let (_, code) = futures_util::future::try_join(first.up(&db, Steps::All), late).await?;
    assert_eq!(code, FAILED);
    Ok(())
}
