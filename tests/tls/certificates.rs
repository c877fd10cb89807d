//! Two authorities, and a certificate that one of them has signed.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

const REQUIRE: &str = "ROUTING_REQUIRE_SERVERS";

/// Files in a directory of their own, removed when dropped.
pub(crate) struct Certificates(TempDir);

impl Certificates {
    /// Creates the files with `openssl`, or skips the test if it is not installed.
    pub(crate) fn create() -> Option<Self> {
        let directory = TempDir::new().expect("a directory");
        if Command::new("openssl").arg("version").output().is_err() {
            assert!(std::env::var(REQUIRE).is_err(), "openssl is not installed");
            eprintln!("SKIPPED: openssl is not installed");
            return None;
        }
        let at = directory.path();
        authority(at, "authority");
        authority(at, "other");
        openssl(
            at,
            "req -new -newkey rsa:2048 -nodes -subj /CN=postgres -keyout server.key -out server.csr",
        );
        openssl(
            at,
            "x509 -req -in server.csr -days 2 -CA authority.crt -CAkey authority.key -CAcreateserial -extfile server.ext -out server.crt",
        );
        Some(Self(directory))
    }

    /// The file of the authority that signed the certificate.
    pub(crate) fn authority(&self) -> String {
        self.path("authority.crt")
    }

    /// The file of an authority that did not.
    pub(crate) fn other_authority(&self) -> String {
        self.path("other.crt")
    }

    pub(crate) fn certificate(&self) -> String {
        self.text("server.crt")
    }

    pub(crate) fn key(&self) -> String {
        self.text("server.key")
    }

    fn path(&self, file: &str) -> String {
        self.0.path().join(file).display().to_string()
    }

    fn text(&self, file: &str) -> String {
        std::fs::read_to_string(self.path(file)).expect("a file that was made")
    }
}

fn authority(at: &Path, name: &str) {
    std::fs::write(at.join("server.ext"), "subjectAltName=IP:127.0.0.1\n").expect("written");
    openssl(
        at,
        &format!(
            "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN={name} -keyout {name}.key -out {name}.crt"
        ),
    );
}

fn openssl(at: &Path, arguments: &str) {
    let mut command = Command::new("openssl");
    let output = command.current_dir(at).args(arguments.split(' ')).output();
    let output = output.expect("openssl runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments}: {said}");
}
