//! No server outlives its cluster, and none dies before it.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use routing_servers::{
    Node, PgBouncer, PgBouncerSettings, PoolMode, PostgresCluster, Unavailable, skip,
};

/// All processes that work in a directory; servers work in their data directory.
fn working_in(dir: &Path) -> Vec<PathBuf> {
    let processes = fs::read_dir("/proc").expect("a list of processes");
    let links = processes.filter_map(|entry| fs::read_link(entry.ok()?.path().join("cwd")).ok());
    links.filter(|cwd| cwd.starts_with(dir)).collect()
}

/// The directory of a cluster, which contains the data directory of each server.
fn home(data: &str) -> PathBuf {
    let home = Path::new(data.trim_end_matches('/')).parent();
    home.expect("a directory in the cluster's").to_owned()
}

async fn home_of(pg: &PostgresCluster) -> PathBuf {
    let data = pg.psql(Node::Primary, "postgres", "SHOW data_directory");
    home(&data.await.expect("a directory"))
}

fn eventually(goal: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < deadline, "not in time: {goal}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Key and id of the System V shared memory of each Postgres of a cluster.
fn shared_memory(home: &Path) -> Vec<String> {
    let servers = fs::read_dir(home).expect("a directory");
    let locks = servers.filter_map(|data| {
        let lock = fs::read_to_string(data.ok()?.path().join("postmaster.pid"));
        lock.ok()?.lines().nth(6).map(str::trim).map(str::to_owned)
    });
    locks.collect()
}

fn exists(segment: &str) -> bool {
    let wanted: Vec<&str> = segment.split_whitespace().collect();
    let table = fs::read_to_string("/proc/sysvipc/shm").expect("a list of segments");
    let is_wanted = |line: &str| line.split_whitespace().take(2).eq(wanted.iter().copied());
    table.lines().any(is_wanted)
}

#[tokio::test]
async fn a_dropped_postgres_leaves_nothing_behind() {
    let Some(pg) = routing_servers::postgres(1).await else {
        return;
    };
    let home = home_of(&pg).await;
    assert!(
        working_in(&home).len() > 2,
        "two servers and their children"
    );
    let segments = shared_memory(&home);
    assert_eq!(segments.iter().filter(|it| exists(it)).count(), 2);
    drop(pg);
    assert_eq!(working_in(&home), Vec::<PathBuf>::new());
    assert!(!home.exists());
    assert!(!segments.iter().any(|it| exists(it)));
}

#[tokio::test]
async fn a_dropped_mariadb_leaves_nothing_behind() {
    let Some(maria) = routing_servers::mariadb(1).await else {
        return;
    };
    let data = maria.sql(Node::Primary, "mysql", "SELECT @@datadir").await;
    let home = home(&data.expect("a directory"));
    assert_eq!(working_in(&home).len(), 2);
    drop(maria);
    assert_eq!(working_in(&home), Vec::<PathBuf>::new());
    assert!(!home.exists());
}

/// The directories that the PgBouncers of a process work in.
fn homes_of_poolers(process: u32) -> Vec<PathBuf> {
    let prefix = format!("routing-servers-{process}-");
    let mut homes = working_in(&env::temp_dir());
    homes.retain(|home| home.to_string_lossy().contains(&prefix));
    homes.retain(|home| home.join("pgbouncer.ini").exists());
    homes
}

#[tokio::test]
async fn a_dropped_pgbouncer_leaves_nothing_behind() {
    // It needs no server before a client asks for one.
    let url = "postgres://app@127.0.0.1:1/shop";
    let settings = PgBouncerSettings::new(PoolMode::Session);
    let Some(pooler) = PgBouncer::start(url, &settings).await else {
        return;
    };
    let homes = homes_of_poolers(std::process::id());
    let [home] = homes.as_slice() else {
        panic!("one: {homes:?}")
    };
    drop(pooler);
    assert_eq!(working_in(home), Vec::<PathBuf>::new());
    assert!(!home.exists());
}

#[tokio::test]
async fn a_panic_leaves_nothing_behind() {
    let Some(pg) = routing_servers::postgres(0).await else {
        return;
    };
    let home = home_of(&pg).await;
    let panicking = thread::spawn(move || {
        let _pg = pg;
        panic!("as a failing test does");
    });
    assert!(panicking.join().is_err());
    assert_eq!(working_in(&home), Vec::<PathBuf>::new());
    assert!(!home.exists());
}

#[test]
fn servers_outlive_the_thread_that_started_them() {
    let starter = thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime
            .expect("a runtime")
            .block_on(routing_servers::postgres(1))
    });
    let Some(pg) = starter.join().expect("no panic") else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let caught_up = runtime.expect("a runtime").block_on(async {
        pg.create_database("later").await?;
        pg.psql(0, "later", "SELECT 1").await
    });
    assert_eq!(caught_up.as_deref(), Ok("1"));
}

#[tokio::test]
async fn a_shared_cluster_is_the_same_for_all() {
    let Some(pg) = routing_servers::shared_postgres(1).await else {
        return;
    };
    pg.create_database("one").await.expect("a database");
    let same = routing_servers::shared_postgres(1).await.expect("the same");
    assert!(std::ptr::eq(pg, same));
}

#[tokio::test]
async fn databases_can_be_created_at_the_same_time() {
    let Some(pg) = routing_servers::shared_postgres(1).await else {
        return;
    };
    let (two, three) = tokio::join!(pg.create_database("two"), pg.create_database("three"));
    two.and(three).expect("two databases");
}

/// Whether servers can be told to die with the process, see `setpriv`(1).
fn servers_are_mortal() -> bool {
    let help = Command::new("setpriv").arg("--help").output();
    help.is_ok_and(|it| String::from_utf8_lossy(&it.stdout).contains("--pdeathsig"))
}

/// Starts the victim, kills it when it is ready, and returns its directories.
fn kill_victim() -> Vec<PathBuf> {
    let mut process = Command::new(env!("CARGO_BIN_EXE_victim"))
        .stderr(Stdio::piped())
        .spawn()
        .expect("a process");
    let lines = BufReader::new(process.stderr.take().expect("its output")).lines();
    let lines = lines
        .map_while(Result::ok)
        .take_while(|line| line != "ready");
    let mut homes: Vec<PathBuf> = lines
        .filter_map(|line| Some(home(line.strip_prefix("data=")?)))
        .collect();
    let clusters = homes.len();
    homes.extend(homes_of_poolers(process.id()));
    let all_run = homes.iter().all(|home| !working_in(home).is_empty());
    process.kill().expect("killed");
    process.wait().expect("dead");
    assert_eq!(clusters, 2, "both clusters were started");
    assert!(all_run, "all were running");
    homes
}

#[tokio::test]
async fn servers_die_with_a_killed_process() {
    if !servers_are_mortal() {
        let reason = "setpriv cannot set the parent death signal".to_owned();
        return skip(&Unavailable {
            server: "setpriv",
            reason,
        });
    }
    let Some(_pg) = routing_servers::shared_postgres(1).await else {
        return;
    };
    let homes = kill_victim();
    let [pg, others @ ..] = homes.as_slice() else {
        panic!("one at least: {homes:?}")
    };
    eventually("the servers are dead", || {
        let mut others = others.iter();
        working_in(&pg.join("replica0")).is_empty() && others.all(|it| working_in(it).is_empty())
    });
    // The frozen children of a dead server are removed by the next start.
    let Some(_next) = routing_servers::postgres(0).await else {
        return;
    };
    assert!(!homes.iter().any(|home| home.exists()));
    assert!(homes.iter().all(|home| working_in(home).is_empty()));
}

#[test]
fn a_skipped_test_passes_unless_servers_are_required() {
    let unavailable = Unavailable {
        server: "postgres",
        reason: "this line is part of a test".to_owned(),
    };
    let required = env::var("ROUTING_REQUIRE_SERVERS").as_deref() == Ok("1");
    let outcome = std::panic::catch_unwind(|| skip(&unavailable));
    assert_eq!(outcome.is_err(), required);
}
