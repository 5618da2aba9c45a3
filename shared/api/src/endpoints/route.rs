//! The endpoint of a page that answers a request.

use super::entry::Entry;

/// The answer of the page for a method and a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// This endpoint answers.
    To(&'static str),
    /// The path exists, the method does not: 405 with these methods in `Allow`.
    MethodNotAllowed(String),
    /// No endpoint has the path: 404.
    NotFound,
}

/// Decides which endpoint a request is for.
///
/// The template with the most literal segments wins, so `DELETE /api/posts/count` is 405 and never a record of that id.
/// API Gateway, which routes by method and path together, sends it to `records-delete`. `is_collection` tells the
/// declared collections; a path with another name does not exist.
#[must_use]
pub fn route(
    page: &[&Entry],
    method: &str,
    path: &str,
    is_collection: impl Fn(&str) -> bool,
) -> Route {
    let mut most = 0;
    let mut allowed = Vec::new();
    let mut found = None;
    for entry in page {
        let literals = match fits(entry.path, path, &is_collection) {
            Some(literals) if literals >= most => literals,
            _ => continue,
        };
        if literals > most {
            most = literals;
            found = None;
            allowed.clear();
        }
        if entry.methods.iter().any(|allow| allow.as_str() == method) {
            found = found.or(Some(entry.name));
        }
        allowed.extend_from_slice(entry.methods);
    }
    if let Some(name) = found {
        return Route::To(name);
    }
    if allowed.is_empty() {
        return Route::NotFound;
    }
    allowed.sort_unstable();
    Route::MethodNotAllowed(
        allowed
            .iter()
            .map(|method| method.as_str())
            .collect::<Vec<_>>()
            .join(", "),
    )
}

/// The number of literal segments in `template`, if `path` is an instance of it.
fn fits(template: &str, path: &str, is_collection: impl Fn(&str) -> bool) -> Option<usize> {
    // The literal beginning tells most templates apart, at a tenth of the instructions.
    let beginning = template
        .split_once('{')
        .map_or(template, |(before, _)| before);
    if !path.starts_with(beginning) {
        return None;
    }
    let mut segments = path.split('/');
    let mut literals = 0;
    for expected in template.split('/') {
        let segment = segments.next()?;
        let fits = match expected {
            "{collection}" => is_collection(segment),
            parameter if parameter.starts_with('{') => !segment.is_empty(),
            literal => {
                literals += 1;
                literal == segment
            }
        };
        if !fits {
            return None;
        }
    }
    segments.next().is_none().then_some(literals)
}

#[cfg(test)]
mod tests {
    use super::super::{Method, PAGE};
    use super::*;

    fn ask(method: &str, path: &str) -> Route {
        route(PAGE, method, path, |name| name == "posts")
    }

    #[test]
    fn every_entry_is_reached_by_its_own_methods_and_path() {
        for entry in PAGE {
            let path = entry
                .path
                .replace("{collection}", "posts")
                .replace("{id}", "x");
            for method in entry.methods {
                assert_eq!(
                    ask(method.as_str(), &path),
                    Route::To(entry.name),
                    "{} {path}",
                    method.as_str()
                );
            }
        }
    }

    #[test]
    fn no_two_entries_share_method_and_path() {
        let mut seen: Vec<(Method, &str)> = PAGE
            .iter()
            .flat_map(|entry| entry.methods.iter().map(|method| (*method, entry.path)))
            .collect();
        let all = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), all);
    }

    #[test]
    fn a_literal_path_is_never_a_record() {
        for (method, path, allow) in [
            ("GET", "/api/auth/login", "POST"),
            ("DELETE", "/api/auth/register", "POST"),
            ("POST", "/api/auth/me", "GET, PATCH, DELETE"),
            ("GET", "/api/auth/me/restore", "POST"),
            ("GET", "/api/auth/sessions/x", "DELETE"),
            ("PUT", "/api/auth/sessions", "GET, DELETE"),
            ("POST", "/api/users/public/ada", "GET"),
            ("PUT", "/api/auth/logout", "POST"),
            ("POST", "/api/health", "GET"),
            ("HEAD", "/api/health", "GET"),
            ("HEAD", "/api/posts", "GET, POST"),
            ("POST", "/api/posts/x", "GET, PUT, PATCH, DELETE"),
            ("DELETE", "/api/posts/count", "GET"),
            ("PATCH", "/api/posts/spec", "GET"),
            ("GET", "/api/posts/bulk", "POST"),
        ] {
            assert_eq!(
                ask(method, path),
                Route::MethodNotAllowed(allow.to_owned()),
                "{method} {path}"
            );
        }
    }

    #[test]
    fn anything_else_is_not_found() {
        for path in [
            "",
            "/",
            "/api",
            "/api/",
            "/api/posts/",
            "/api/posts/x/y",
            "/api/posts/count/x",
            "/api/nope/count",
            "/api/nope",
            "/api/nope/x",
            "/posts",
            "/api/auth",
            "/api/user",
            "//api/posts",
            "$default",
            "/api/%70osts",
            "/API/posts",
            "/api/{collection}",
            "/api/{collection}/{id}",
        ] {
            for method in ["GET", "HEAD"] {
                assert_eq!(ask(method, path), Route::NotFound, "{method} {path}");
            }
        }
    }
}
