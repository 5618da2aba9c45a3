//! Messages of HTTP/1.1, as far as a function and its two servers exchange them.

use std::io::{BufRead, Read};

/// A request or a reply.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// The first line.
    pub(crate) line: String,
    /// The body.
    pub(crate) body: Vec<u8>,
    /// The whole message as it came.
    pub(crate) raw: Vec<u8>,
}

/// The next message; `None` at the end.
pub(crate) fn message(reader: &mut impl BufRead) -> Option<Message> {
    let mut raw = Vec::new();
    let line = header_line(reader, &mut raw)?;
    let (mut length, mut chunked) = (0, false);
    loop {
        let header = header_line(reader, &mut raw)?.to_ascii_lowercase();
        match header.split_once(':') {
            None => break,
            Some(("content-length", value)) => length = value.trim().parse().ok()?,
            Some(("transfer-encoding", value)) => chunked = value.contains("chunked"),
            Some(_) => {}
        }
    }
    let mut body = Vec::new();
    if chunked {
        loop {
            let size = header_line(reader, &mut raw)?;
            let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
            take(reader, size, &mut body, &mut raw)?;
            header_line(reader, &mut raw)?;
            if size == 0 {
                break;
            }
        }
    } else {
        take(reader, length, &mut body, &mut raw)?;
    }
    Some(Message { line, body, raw })
}

fn header_line(reader: &mut impl BufRead, raw: &mut Vec<u8>) -> Option<String> {
    let mut line = String::new();
    let length = reader.take(16 * 1024).read_line(&mut line).ok()?;
    raw.extend_from_slice(line.as_bytes());
    (length > 0).then(|| line.trim_end().to_owned())
}

/// Reads `size` bytes to the end of both.
fn take(reader: &mut impl Read, size: usize, body: &mut Vec<u8>, raw: &mut Vec<u8>) -> Option<()> {
    let at = body.len();
    body.resize(at + size, 0);
    reader.read_exact(&mut body[at..]).ok()?;
    raw.extend_from_slice(&body[at..]);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_come_by_length_and_in_chunks() {
        let all: &[u8] = b"POST /a/response HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi\
            POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n1\r\n!\r\n0\r\n\r\nGET /c HTTP/1.1\r\n\r\n";
        let (mut bytes, mut raw) = (all, Vec::new());
        for (line, body) in [
            ("POST /a/response HTTP/1.1", "hi"),
            ("POST /b HTTP/1.1", "hi!"),
            ("GET /c HTTP/1.1", ""),
        ] {
            let read = message(&mut bytes).unwrap();
            assert_eq!(
                (read.line.as_str(), read.body.as_slice()),
                (line, body.as_bytes())
            );
            raw.extend(read.raw);
        }
        assert_eq!(message(&mut bytes), None);
        assert_eq!(raw, all);
    }
}
