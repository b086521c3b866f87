//! Programs written with Locus; one idea each, in the order in which to read them.
//!
//! - `hello`: the smallest program: one locus, one timer.
//! - `rooms`: rooms that relay what is posted to them, by key; bounds are said at the topic.
//! - `beside`: Locus beside a `main` and a tokio runtime of the user's own.
//! - `chat`: the main job: rooms, a page, WebSockets; `chat_load` puts it under load.
//! - `leaky`: what the checker finds: planted leaks, each beside a twin that keeps flat.
//!
//! Run one with `cargo run --release --example NAME`. This library holds nothing else: cargo asks for a target.
