//! Each way a network can fail, before a server that sends back what it gets.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use routing_servers::{Mode, Node, Proxy};

/// Long enough for a reply to arrive, short enough to wait for one that never does.
const PATIENCE: Duration = Duration::from_secs(10);
const SILENCE: Duration = Duration::from_millis(300);

/// Starts a server that lasts as long as the process.
fn echo_server() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = listener.local_addr().expect("its address").port();
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || io::copy(&mut &client, &mut &client));
        }
    });
    port
}

fn proxy() -> Proxy {
    Proxy::start(echo_server()).expect("a proxy")
}

fn connect(proxy: &Proxy) -> io::Result<TcpStream> {
    TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port()))
}

/// Connects, and makes sure that the server answers.
fn connected(proxy: &Proxy) -> TcpStream {
    let client = connect(proxy).expect("a connection");
    send(&client, b"hello");
    assert_eq!(receive(&client, 5).expect("an echo"), b"hello");
    client
}

fn send(mut client: &TcpStream, text: &[u8]) {
    client.write_all(text).expect("sent");
}

fn receive(mut client: &TcpStream, bytes: usize) -> io::Result<Vec<u8>> {
    client.set_read_timeout(Some(PATIENCE))?;
    let mut text = vec![0; bytes];
    client.read_exact(&mut text).map(|()| text)
}

/// What is read until the end: nothing, or an error.
fn ending(mut client: &TcpStream) -> io::Result<usize> {
    client.set_read_timeout(Some(PATIENCE))?;
    client.read(&mut [0])
}

fn receives_nothing(mut client: &TcpStream) -> bool {
    let timeout = client.set_read_timeout(Some(SILENCE));
    timeout.expect("a timeout");
    let outcome = client.read(&mut [0]);
    outcome.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

fn eventually(goal: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "not in time: {goal}");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn it_passes_all_bytes_and_each_end_and_counts() {
    let proxy = proxy();
    assert_eq!((proxy.accepted(), proxy.open()), (0, 0));
    let client = connected(&proxy);
    let other = connected(&proxy);
    assert_eq!((proxy.accepted(), proxy.open()), (2, 2));
    let much: Vec<u8> = (0..4_000_000_u32).map(|it| it.to_le_bytes()[0]).collect();
    let sender = client.try_clone().expect("a clone");
    let expected = much.clone();
    let sending = thread::spawn(move || {
        send(&sender, &much);
        sender.shutdown(Shutdown::Write)
    });
    assert!(receive(&client, expected.len()).expect("all") == expected);
    sending.join().expect("no panic").expect("shut down");
    assert_eq!(ending(&client).expect("an end"), 0);
    drop((client, other));
    eventually("none is open", || proxy.open() == 0);
    assert_eq!(proxy.accepted(), 2);
}

#[test]
fn what_stalls_is_kept() {
    let proxy = proxy();
    let old = connected(&proxy);
    proxy.set(Mode::Stall).expect("stalled");
    let new = connect(&proxy).expect("accepted");
    for client in [&old, &new] {
        send(client, b"later");
        client.shutdown(Shutdown::Write).expect("shut down");
        assert!(receives_nothing(client));
    }
    proxy.set(Mode::Pass).expect("passing");
    for client in [&old, &new] {
        assert_eq!(receive(client, 5).expect("an echo"), b"later");
        assert_eq!(ending(client).expect("an end"), 0);
    }
}

#[test]
fn a_delay_is_that_of_each_direction_and_ends_when_it_passes() {
    const DELAY: Duration = Duration::from_millis(250);
    let proxy = proxy();
    let client = connected(&proxy);
    proxy.set(Mode::Delay(DELAY)).expect("delayed");
    let sent = Instant::now();
    send(&client, b"late");
    assert_eq!(receive(&client, 4).expect("an echo"), b"late");
    assert!(sent.elapsed() >= DELAY * 2, "{:?}", sent.elapsed());
    proxy.set(Mode::Delay(PATIENCE * 6)).expect("delayed");
    send(&client, b"later");
    assert!(receives_nothing(&client));
    proxy.set(Mode::Pass).expect("passing");
    assert_eq!(receive(&client, 5).expect("an echo"), b"later");
}

#[test]
fn a_cut_closes_at_once_and_new_connections_too() {
    let proxy = proxy();
    let old = connected(&proxy);
    proxy.set(Mode::Cut).expect("cut");
    assert_eq!(proxy.open(), 0);
    assert_eq!(ending(&old).expect("an end"), 0);
    let new = connect(&proxy).expect("accepted");
    assert_eq!(ending(&new).expect("an end"), 0);
    assert_eq!(proxy.accepted(), 2);
    proxy.set(Mode::Pass).expect("passing");
    connected(&proxy);
}

#[test]
fn a_cut_is_clean_although_something_was_not_read() {
    let proxy = proxy();
    proxy.set(Mode::Stall).expect("stalled");
    let client = connect(&proxy).expect("accepted");
    send(&client, b"unheard");
    eventually("it is accepted", || proxy.open() == 1);
    proxy.set(Mode::Cut).expect("cut");
    assert_eq!(ending(&client).expect("an end"), 0);
}

#[test]
fn a_reset_is_an_error_for_old_and_new_connections() {
    let proxy = proxy();
    let old = connected(&proxy);
    proxy.set(Mode::Reset).expect("reset");
    let kind = |client| ending(client).map_err(|error| error.kind());
    assert_eq!(kind(&old), Err(ErrorKind::ConnectionReset));
    let new = connect(&proxy).expect("accepted");
    assert_eq!(kind(&new), Err(ErrorKind::ConnectionReset));
    proxy.set(Mode::Pass).expect("passing");
    connected(&proxy);
}

#[test]
fn half_open_connections_stay_silent() {
    let proxy = proxy();
    let old = connected(&proxy);
    proxy.set(Mode::HalfOpen).expect("half-open");
    let new = connect(&proxy).expect("accepted");
    eventually("it is accepted", || proxy.open() == 2);
    // Connections may never observe the mode itself, and it must not matter.
    proxy.set(Mode::Stall).expect("stalled");
    proxy.set(Mode::Pass).expect("passing");
    for client in [&old, &new] {
        send(client, b"lost");
        assert!(receives_nothing(client));
    }
    let next = connected(&proxy);
    drop((old, new));
    eventually("the half-open ones are closed", || proxy.open() == 1);
    proxy.set(Mode::Cut).expect("cut");
    assert_eq!(ending(&next).expect("an end"), 0);
}

#[test]
fn half_open_connections_can_be_closed() {
    let proxy = proxy();
    let client = connected(&proxy);
    proxy.set(Mode::HalfOpen).expect("half-open");
    proxy.set(Mode::Reset).expect("reset");
    let error = ending(&client).expect_err("reset");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn a_refusal_closes_the_port_until_it_passes() {
    let proxy = proxy();
    let old = connected(&proxy);
    let port = proxy.port();
    for _ in 0..3 {
        proxy.set(Mode::Refuse).expect("refused");
        let error = connect(&proxy).expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        assert_eq!(ending(&old).expect("an end"), 0);
        proxy.set(Mode::Pass).expect("passing");
        connected(&proxy);
    }
    assert_eq!(proxy.port(), port);
    drop(proxy);
    let error = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect_err("closed");
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn without_a_server_connections_are_reset() {
    let unused = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = unused.local_addr().expect("its address").port();
    drop(unused);
    let proxy = Proxy::start(port).expect("a proxy");
    let client = connect(&proxy).expect("accepted");
    let error = ending(&client).expect_err("reset");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

/// Starts a server that lasts as long as the process and greets each client with its name.
fn greeter(name: &'static [u8; 1]) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = listener.local_addr().expect("its address").port();
    thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            // A client that has gone needs no greeting.
            let _ = client.write_all(name);
        }
    });
    port
}

#[test]
fn a_balancer_leads_to_each_server_in_turn() {
    let ports = [greeter(b"a"), greeter(b"b"), greeter(b"c")];
    let balancer = Proxy::balanced(&ports).expect("a balancer");
    let next = || receive(&connect(&balancer).expect("accepted"), 1).expect("a greeting");
    let names: Vec<u8> = (0..7).flat_map(|_| next()).collect();
    assert_eq!(names, b"abcabca");
    balancer.lead_to(ports[1]);
    assert_eq!([next(), next()], [b"b", b"b"]);
    assert_eq!(balancer.accepted(), 9);
}

#[test]
fn a_balancer_takes_the_url_of_each_of_its_servers() {
    let balancer = Proxy::balanced(&[1, 2]).expect("a balancer");
    let url = |port| format!("postgres://app:secret@127.0.0.1:{port}/shop");
    for server in [1, 2] {
        assert_eq!(balancer.url(&url(server)), url(balancer.port()));
    }
}

#[test]
fn a_balancer_without_ports_is_a_mistake() {
    std::panic::catch_unwind(|| Proxy::balanced(&[])).expect_err("no port");
}

#[test]
#[should_panic(expected = "no @127.0.0.1:1/")]
fn the_url_of_another_server_is_a_mistake() {
    let proxy = Proxy::start(1).expect("a proxy");
    proxy.url("postgres://app:secret@127.0.0.1:2/shop");
}

/// A proxy in front of the server of a URL.
fn before(url: &str) -> Proxy {
    let port = url
        .rsplit_once(':')
        .and_then(|(_, rest)| rest.split_once('/'));
    let port = port.and_then(|(port, _)| port.parse().ok());
    Proxy::start(port.expect("a port")).expect("a proxy")
}

fn printed(command: &mut Command) -> String {
    let output = command.output().expect("the client runs");
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    text + String::from_utf8_lossy(&output.stderr).trim()
}

#[tokio::test]
async fn it_works_before_postgres() {
    let Some(pg) = routing_servers::shared_postgres(0).await else {
        return;
    };
    let url = pg.primary_url("postgres");
    let proxy = before(&url);
    let select = |sql| printed(Command::new("psql").args(["-XAtq", &proxy.url(&url), "-c", sql]));
    assert_eq!(select("SELECT 'through'"), "through");
    assert_eq!(proxy.accepted(), 1);
    proxy.set(Mode::Cut).expect("cut");
    let error = select("SELECT 'through'");
    assert!(error.contains("closed the connection"), "{error}");
    let direct = pg.psql(Node::Primary, "postgres", "SELECT 1").await;
    assert_eq!(direct.as_deref(), Ok("1"));
}

#[tokio::test]
async fn it_works_before_mariadb() {
    let Some(maria) = routing_servers::shared_mariadb(0).await else {
        return;
    };
    let url = maria.primary_url("mysql");
    let proxy = before(&url);
    assert!(
        proxy
            .url(&url)
            .ends_with(&format!(":{}/mysql", proxy.port()))
    );
    let port = proxy.port().to_string();
    let mut client = Command::new("mariadb");
    client.args(["--no-defaults", "-h127.0.0.1", "-uapp", "-psecret", "-BN"]);
    client.args(["-P", &port, "-e", "SELECT 'through'"]);
    assert_eq!(printed(&mut client), "through");
    proxy.set(Mode::Refuse).expect("refused");
    let error = printed(&mut client);
    assert!(error.contains("ERROR 2002"), "{error}");
}
