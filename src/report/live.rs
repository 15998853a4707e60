//! `coevo report --live`: serves the page on the loopback interface and the figures anew for each question.
//!
//! Chosen over a web framework: two addresses, one reader or a few, answers that fit memory. Requests are taken one by one.
//! A page of another site must not read a run by naming this address (DNS rebinding), so the Host header is checked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use super::{Report, page};
use crate::command::Failure;

/// Longest request head that is read.
const HEAD_BYTES: u64 = 16 * 1024;
/// Silence after which a connection is dropped.
const PATIENCE: Duration = Duration::from_secs(5);

/// Serves until the process ends. `port` 0 takes a free one; the address is printed.
///
/// # Errors
/// Where the port cannot be had.
pub fn serve(folders: &[PathBuf], port: u16) -> Result<(), Failure> {
    let taken = |error: std::io::Error| Failure::bad_input(format!("cannot listen on 127.0.0.1:{port}: {error}"));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(taken)?;
    let address = listener.local_addr().map_err(taken)?;
    println!("http://{address}/  (Ctrl-C ends it)");
    for stream in listener.incoming().flatten() {
        // A reader that hangs up is no concern of the server.
        let _ = answer(stream, folders);
    }
    Ok(())
}

fn answer(stream: TcpStream, folders: &[PathBuf]) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let (path, host) = head(&stream)?;
    let (status, kind, body) = match path.as_str() {
        _ if !is_loopback(&host) => ("403 Forbidden", "text/plain", "this server answers to localhost only".to_owned()),
        "/" => match Report::of(folders) {
            Ok(report) => ("200 OK", "text/html; charset=utf-8", page(&report, true)),
            Err(failure) => ("500 Internal Server Error", "text/plain; charset=utf-8", failure.message),
        },
        "/data.json" => match Report::of(folders) {
            Ok(report) => ("200 OK", "application/json", report.json()),
            Err(failure) => ("500 Internal Server Error", "text/plain; charset=utf-8", failure.message),
        },
        _ => ("404 Not Found", "text/plain", "there is / and /data.json".to_owned()),
    };
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n",
        body.len()
    )?;
    stream.write_all(body.as_bytes())
}

/// The path asked for and the Host header.
fn head(stream: &TcpStream) -> std::io::Result<(String, String)> {
    let mut lines = BufReader::new(stream.take(HEAD_BYTES)).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    let path = request.split(' ').nth(1).unwrap_or_default();
    let path = path.split('?').next().unwrap_or_default().to_owned();
    let mut host = String::new();
    for line in lines {
        let line = line?;
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("host")
        {
            host = value.trim().to_owned();
        }
    }
    Ok((path, host))
}

fn is_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    matches!(name, "localhost" | "127.0.0.1")
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn other_names_of_this_address_are_refused() {
        for (host, answered) in
            [("127.0.0.1:8000", true), ("localhost", true), ("evil.example:8000", false), ("", false)]
        {
            assert_eq!(is_loopback(host), answered, "{host:?}");
        }
    }
}
