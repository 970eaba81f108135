//! A name server whose TXT records the test makes and removes.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use hickory_resolver::proto::{
    op::{Message, ResponseCode},
    rr::{RData, Record, RecordType, rdata::TXT},
};
use tokio::{net::UdpSocket, task::JoinHandle};

pub(crate) struct NameServer {
    pub(crate) address: SocketAddr,
    /// By name without the dot at its end.
    texts: Arc<Mutex<BTreeMap<String, String>>>,
    task: JoinHandle<()>,
}

impl NameServer {
    pub(crate) async fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let texts: Arc<Mutex<BTreeMap<String, String>>> = Arc::default();
        let known = texts.clone();
        let task = tokio::spawn(async move {
            let mut packet = [0_u8; 1_500];
            loop {
                let (length, from) = socket.recv_from(&mut packet).await.unwrap();
                let answer = answer(&packet[..length], &known.lock().unwrap());
                socket.send_to(&answer, from).await.unwrap();
            }
        });
        Self { address, texts, task }
    }

    pub(crate) fn set(&self, name: &str, text: &str) {
        self.texts.lock().unwrap().insert(name.to_owned(), text.to_owned());
    }

    pub(crate) fn remove(&self, name: &str) {
        self.texts.lock().unwrap().remove(name);
    }
}

fn answer(packet: &[u8], texts: &BTreeMap<String, String>) -> Vec<u8> {
    let asked = Message::from_vec(packet).unwrap();
    let query = asked.queries[0].clone();
    let mut answer = Message::response(asked.metadata.id, asked.metadata.op_code);
    let name = query.name().to_string().to_lowercase();
    match texts.get(name.trim_end_matches('.')).filter(|_| query.query_type() == RecordType::TXT) {
        Some(text) => {
            let record = Record::from_rdata(query.name().clone(), 60, RData::TXT(TXT::new(vec![text.clone()])));
            answer.add_answer(record);
        }
        None => answer.metadata.response_code = ResponseCode::NXDomain,
    }
    answer.add_query(query);
    answer.to_vec().unwrap()
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}
