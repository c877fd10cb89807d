//! One database or all, forwards and backwards.

use std::sync::{Arc, Mutex};

use sea_orm::ConnectionTrait;
use sea_orm_routing_migration::{Direction, MigrationEvent, Migrations, Steps};

use crate::support::{Result, Sites, creates, plain, tables_of};

const MIGRATION_TABLE: &str = "seaql_migrations";

/// Two databases with two tables each.
fn two() -> Migrations {
    Migrations::new()
        .database("shop", creates(&["a", "b"]))
        .database("stock", creates(&["c", "d"]))
}

#[tokio::test]
async fn up_applies_what_is_pending_on_every_database() -> Result {
    for site in Sites::All.with("up_all", 2).await? {
        let db = site.connect(&["shop", "stock"]).await?;
        let report = two().up(&db, Steps::All).await?;
        assert_eq!(
            report.to_string(),
            "Done: shop (2 migrations), stock (2 migrations)."
        );
        assert_eq!(report.migrations(), 4);
        assert_eq!(tables_of(&db, "shop").await?, ["a", "b", MIGRATION_TABLE]);
        assert_eq!(tables_of(&db, "stock").await?, ["c", "d", MIGRATION_TABLE]);
        let again = two().up(&db, Steps::All).await?;
        assert_eq!(again.migrations(), 0);
    }
    Ok(())
}

#[tokio::test]
async fn one_database_alone_leaves_the_other_untouched() -> Result {
    for site in Sites::All.with("up_one", 2).await? {
        let db = site.connect(&["shop", "stock"]).await?;
        let stock = two().only("stock")?;
        stock.up(&db, Steps::All).await?;
        assert!(tables_of(&db, "shop").await?.is_empty());
        two().up(&db, Steps::All).await?;
        for task in ["down", "refresh", "reset", "fresh"] {
            match task {
                "down" => stock.down(&db, Steps::All).await?,
                "refresh" => stock.refresh(&db).await?,
                "reset" => stock.reset(&db).await?,
                _ => stock.fresh(&db).await?,
            };
            assert_eq!(
                tables_of(&db, "shop").await?,
                ["a", "b", MIGRATION_TABLE],
                "{task}"
            );
        }
        assert_eq!(tables_of(&db, "stock").await?, ["c", "d", MIGRATION_TABLE]);
    }
    Ok(())
}

#[tokio::test]
async fn steps_are_counted_on_each_database() -> Result {
    for site in Sites::All.with("steps", 2).await? {
        let db = site.connect(&["shop", "stock"]).await?;
        let report = two().up(&db, Steps::Only(1)).await?;
        assert_eq!(
            report.on("stock").collect::<Vec<_>>(),
            [(Direction::Up, "m_c")]
        );
        assert_eq!(tables_of(&db, "shop").await?, ["a", MIGRATION_TABLE]);
        two().up(&db, Steps::Only(5)).await?;
        let down = two().down(&db, Steps::Only(1)).await?;
        assert_eq!(
            down.on("shop").collect::<Vec<_>>(),
            [(Direction::Down, "m_b")]
        );
        assert_eq!(tables_of(&db, "stock").await?, ["c", MIGRATION_TABLE]);
        assert_eq!(two().up(&db, Steps::Only(0)).await?.migrations(), 0);
    }
    Ok(())
}

/// Every event as a line.
fn recorded(migrations: Migrations) -> (Migrations, Arc<Mutex<Vec<String>>>) {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&lines);
    let listening = migrations.on_progress(move |event| {
        let line = match event {
            MigrationEvent::Started {
                database,
                migration,
                direction,
                number,
                of,
            } => {
                format!("{database} {direction:?} {migration} {number}/{of}")
            }
            MigrationEvent::Done {
                database,
                migrations,
            } => format!("{database} {migrations}"),
            MigrationEvent::Dropping { database } => format!("{database} drops"),
            _ => return,
        };
        heard.lock().expect("whole").push(line);
    });
    (listening, lines)
}

#[tokio::test]
async fn down_goes_backwards_through_databases_and_migrations() -> Result {
    for site in Sites::All.with("backwards", 2).await? {
        let db = site.connect(&["shop", "stock"]).await?;
        let (migrations, lines) = recorded(two());
        migrations.up(&db, Steps::All).await?;
        migrations.down(&db, Steps::All).await?;
        let lines = lines.lock().expect("whole").split_off(0);
        assert_eq!(
            lines,
            [
                "shop Up m_a 1/2",
                "shop Up m_b 2/2",
                "shop 2",
                "stock Up m_c 1/2",
                "stock Up m_d 2/2",
                "stock 2",
                "stock Down m_d 1/2",
                "stock Down m_c 2/2",
                "stock 2",
                "shop Down m_b 1/2",
                "shop Down m_a 2/2",
                "shop 2",
            ]
        );
        assert_eq!(tables_of(&db, "shop").await?, [MIGRATION_TABLE]);
    }
    Ok(())
}

#[tokio::test]
async fn refresh_takes_back_and_applies_again() -> Result {
    for site in Sites::All.with("refresh", 2).await? {
        let db = site.connect(&["shop", "stock"]).await?;
        two().up(&db, Steps::All).await?;
        let shop = plain(&db, "shop");
        shop.execute_unprepared("INSERT INTO a VALUES (1)").await?;
        shop.execute_unprepared("CREATE TABLE stray (id INTEGER)")
            .await?;
        let report = two().refresh(&db).await?;
        assert_eq!(report.migrations(), 8);
        let (up, down) = (Direction::Up, Direction::Down);
        assert_eq!(
            report.on("shop").collect::<Vec<_>>(),
            [(down, "m_b"), (down, "m_a"), (up, "m_a"), (up, "m_b")]
        );
        let rows: Vec<i32> = crate::support::column(&shop, "SELECT id FROM a").await?;
        assert!(rows.is_empty());
        assert_eq!(
            tables_of(&db, "shop").await?,
            ["a", "b", MIGRATION_TABLE, "stray"]
        );
    }
    Ok(())
}

#[tokio::test]
async fn reset_leaves_no_migration_table() -> Result {
    for site in Sites::All.with("reset", 2).await? {
        let db = site.connect(&["shop", "stock"]).await?;
        two().up(&db, Steps::All).await?;
        assert_eq!(two().reset(&db).await?.migrations(), 4);
        assert!(tables_of(&db, "shop").await?.is_empty());
        assert!(tables_of(&db, "stock").await?.is_empty());
    }
    Ok(())
}

#[tokio::test]
async fn fresh_drops_every_table_first() -> Result {
    for site in Sites::All.with("fresh", 2).await? {
        let db = site.connect(&["shop", "stock"]).await?;
        let (migrations, lines) = recorded(two().only("shop")?);
        migrations.up(&db, Steps::Only(1)).await?;
        let shop = plain(&db, "shop");
        shop.execute_unprepared("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
            .await?;
        let child = "CREATE TABLE child (id INTEGER, FOREIGN KEY (id) REFERENCES parent (id))";
        shop.execute_unprepared(child).await?;
        lines.lock().expect("whole").clear();
        let report = migrations.fresh(&db).await?;
        assert_eq!(report.migrations(), 2);
        assert_eq!(lines.lock().expect("whole")[0], "shop drops");
        assert_eq!(tables_of(&db, "shop").await?, ["a", "b", MIGRATION_TABLE]);
        assert!(!migrations.status(&db).await?.is_pending());
    }
    Ok(())
}
