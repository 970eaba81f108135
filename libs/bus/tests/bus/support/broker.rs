//! Ways to the broker.

use bus::{Nats, NatsAddress};

use super::Bus;

impl Bus {
    /// A connection to the broker, if there is one.
    pub(crate) async fn connect(&self) -> Option<Nats> {
        let server = self.server.as_ref()?;
        Some(Nats::connect(&NatsAddress::parse(&server.url()).unwrap(), self.options).await.unwrap())
    }

    /// A client of the broker beside those of the product.
    pub(crate) async fn client(&self) -> async_nats::Client {
        broker_client(self.server.as_ref().unwrap()).await
    }

    /// What the broker knows of the consumer `test.consumer`.
    pub(crate) async fn at_the_broker(&self) -> async_nats::jetstream::consumer::Info {
        let stream = async_nats::jetstream::new(self.client().await).get_stream("gooseek_events").await.unwrap();
        stream.consumer_info("test_consumer").await.unwrap()
    }
}

/// A client of `server` that is no part of the product.
async fn broker_client(server: &testkit::Nats) -> async_nats::Client {
    let url = server.url();
    let (token, host) = url.trim_start_matches("nats://").split_once('@').unwrap();
    async_nats::ConnectOptions::with_token(token.to_owned()).connect(host).await.unwrap()
}
