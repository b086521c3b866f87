//! Whichever answers second goes on.
use tokio::net::TcpListener;

async fn ask(server: &'static str) -> usize {
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    server.len()
}

async fn fastest() -> usize {
    let first = tokio::spawn(ask("north"));
    let second = tokio::spawn(ask("south"));
    tokio::select! {
        answer = first => answer.unwrap_or(0),
        answer = second => answer.unwrap_or(0),
    }
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:7102").await?;
    loop {
        let (stream, _) = listener.accept().await?;
        println!("{:?}: {}", stream.peer_addr(), fastest().await);
    }
}
