//! Locus beside a `main` and a tokio runtime of the user's own: one component becomes a locus, the rest stays as it is.
//!
//! The locus counts visits by page. The code around it, which could be any web framework's, reaches it through handles
//! that work on any thread and under any executor.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use locus::prelude::*;
use locus::{Match, Overflow};

/// The pages there are; visits to others are not counted, so that the table cannot grow.
const PAGES: [&str; 3] = ["/", "/about", "/rooms"];

/// Somebody opened a page.
#[topic]
#[derive(Clone, Debug)]
pub struct Visited {
    page: &'static str,
}

/// A page has reached a round number of visits.
#[topic]
#[derive(Clone, Debug)]
pub struct Celebrated {
    page: &'static str,
    visits: u64,
}

/// Asks how often a page was visited.
#[topic(reply = u64)]
#[derive(Clone, Debug)]
pub struct Visits {
    page: &'static str,
}

/// Counts visits.
#[locus(publishes(Celebrated))]
pub struct Tally {
    visits: BTreeMap<&'static str, u64>,
}

#[locus]
impl Tally {
    #[on]
    fn on_visit(&mut self, visit: &Visited, cx: &mut Cx<'_, Self>) {
        let Some(visits) = self.visits.get_mut(visit.page) else { return };
        *visits += 1;
        if visits.is_multiple_of(100) {
            cx.publish(Celebrated { page: visit.page, visits: *visits });
        }
    }

    #[on]
    fn on_question(&mut self, question: &Visits) -> u64 {
        self.visits.get(question.page).copied().unwrap_or_default()
    }

    /// By now everything that was accepted has been counted.
    fn dissolve(&mut self, _cx: &mut Cx<'_, Self>) {
        for (page, visits) in &self.visits {
            println!("{page}: {visits}");
        }
    }
}

/// The loci of this program.
#[locus(main)]
pub struct Site {
    tally: Tally,
}

impl Site {
    fn new() -> Self {
        Self { tally: Tally { visits: PAGES.map(|page| (page, 0)).into() } }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let app = locus::start(Site::new)?;
    app.ready().await?;

    let mut news = app.topic::<Celebrated>().subscribe(Match::All, 16, Overflow::DropOld);
    let reader = tokio::spawn(async move {
        // Ends by itself, after the last delivery of the drain.
        while let Some(delivery) = news.next().await {
            match delivery {
                Delivery::Message(news) => println!("{} was visited {} times", news.page, news.visits),
                Delivery::Missed(n) => println!("{n} pieces of news were missed"),
            }
        }
    });

    let visitors = [0, 1, 2, 3].map(|visitor| {
        let visited = app.topic::<Visited>();
        tokio::spawn(async move {
            for i in 0..100 {
                visited.publish(Visited { page: PAGES[(visitor + i) % PAGES.len()] }).await?;
            }
            Ok::<_, locus::Closed<Visited>>(())
        })
    });
    for visitor in visitors {
        visitor.await??;
    }
    // Each handle is in order by itself: this question may overtake visits that are accepted and not yet counted.
    let so_far = app.topic::<Visits>().ask(Visits { page: "/" }).within(Duration::from_secs(1)).await?;
    println!("/ so far: {so_far}");

    app.drain().await;
    reader.await?;
    Ok(())
}
