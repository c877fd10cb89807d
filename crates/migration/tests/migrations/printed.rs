//! What the command line prints, and where.

use crate::processes::command;
use crate::support::{Result, Site, soon};

/// The output of a command line: standard output, and standard error.
async fn printed(site: &Site, line: &str) -> Result<[String; 2]> {
    let output = soon("a process", command(site, "SELECT 1", line)?.output()).await?;
    let [out, err] = [output.stdout, output.stderr].map(String::from_utf8);
    Ok([out?, err?])
}

#[tokio::test]
async fn progress_goes_to_standard_error_and_the_table_to_standard_output() -> Result {
    let site = Site::files()?;
    let [out, _] = printed(&site, "status").await?;
    let table = "database  migration  status\n\
                 default   m_a        pending\n\
                 default   m_slow     pending\n\
                 default   m_last     pending\n";
    assert!(out.contains(table), "{out}");
    let [_, err] = printed(&site, "up -n 1").await?;
    let lines: Vec<_> = err.lines().collect();
    let seconds = lines[0].strip_prefix("default: applied m_a in ");
    let seconds = seconds.and_then(|it| it.strip_suffix(" s")).expect(&err);
    assert!(seconds.parse::<f64>().is_ok(), "{err}");
    assert_eq!(lines[1..], ["Done: default (1 migration)."]);
    Ok(())
}

#[tokio::test]
async fn quiet_prints_nothing() -> Result {
    let site = Site::files()?;
    for line in ["up -q", "down --quiet", "--quiet", "refresh -q", "fresh -q"] {
        // The test harness writes to standard output only.
        let [_, err] = printed(&site, line).await?;
        assert_eq!(err, "", "{line}");
    }
    Ok(())
}

#[tokio::test]
async fn quiet_status_prints_no_table() -> Result {
    let site = Site::files()?;
    let [out, err] = printed(&site, "status --quiet").await?;
    assert!(!out.contains("pending"), "{out}");
    assert_eq!(err, "");
    Ok(())
}

#[tokio::test]
async fn errors_are_printed_even_when_it_is_quiet() -> Result {
    let site = Site::files()?;
    let [_, err] = printed(&site, "up -q --database nowhere").await?;
    assert!(
        err.starts_with("error: database \"nowhere\" has no migrator"),
        "{err}"
    );
    Ok(())
}
