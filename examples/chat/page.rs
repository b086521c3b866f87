//! The page's files, compiled into the program: nothing is read from disk, and nothing is fetched from elsewhere.

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::routing::get;

/// A message can never become code: scripts, styles and sockets come from this server alone.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Path, content type, content.
const FILES: [(&str, &str, &str); 8] = [
    ("/", "text/html; charset=utf-8", include_str!("page/index.html")),
    ("/icon.svg", "image/svg+xml", include_str!("page/icon.svg")),
    ("/chat.css", "text/css; charset=utf-8", include_str!("page/chat.css")),
    ("/chat.js", JAVASCRIPT, include_str!("page/chat.js")),
    ("/lines.js", JAVASCRIPT, include_str!("page/lines.js")),
    ("/link.js", JAVASCRIPT, include_str!("page/link.js")),
    ("/person.js", JAVASCRIPT, include_str!("page/person.js")),
    ("/room.js", JAVASCRIPT, include_str!("page/room.js")),
];
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// One route for each file.
pub(crate) fn files<S: Clone + Send + Sync + 'static>() -> Router<S> {
    FILES.into_iter().fold(Router::new(), |router, (path, content_type, content)| {
        let headers = [
            (CONTENT_TYPE, content_type),
            // The files change with the program, and are small: the browser asks again.
            (CACHE_CONTROL, "no-cache"),
            (CONTENT_SECURITY_POLICY, POLICY),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        router.route(path, get(move || std::future::ready((headers.clone(), content))))
    })
}
