//! Full-text search: what is found, in which order, and what the snippet marks.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};
use testkit::service::{Person, TestService, World};

use crate::{
    LIST,
    answers::{answer, event},
    titles,
};

pub(crate) async fn tell(library: &TestService, world: &World, who: &Person, question: &str, text: &str) -> String {
    world.clock.advance(Duration::from_secs(1));
    let thread = world.ids.next();
    library.deliver(&event(world, who, &answer(world, thread, question, text))).await;
    format!("{LIST}/{thread}")
}

async fn search(library: &TestService, who: &Person, words: &str) -> Value {
    let query: String = words.bytes().map(|byte| format!("%{byte:02X}")).collect();
    library.get(who, &format!("{LIST}?q={query}")).await.expect(StatusCode::OK)
}

/// The marked words of the first hit.
fn marked(page: &Value) -> Vec<String> {
    let snippet: Vec<char> = page["items"][0]["snippet"].as_str().unwrap().chars().collect();
    let place = |place: &Value, field: &str| usize::try_from(place[field].as_u64().unwrap()).unwrap();
    let matches = page["items"][0]["matches"].as_array().unwrap().iter();
    matches.map(|found| snippet[place(found, "start")..place(found, "end")].iter().collect()).collect()
}

testkit::on_both! {
    async fn words_are_found_in_any_inflection(world: World) {
        let ann = world.person();
        let library = world.start(library_svc::SERVICE).await;
        tell(&library, &world, &ann, "Договор аренды", "Арендатор уведомляет за два месяца до выезда.").await;
        tell(&library, &world, &ann, "Отпуск", "Двадцать восемь дней.").await;
        let page = search(&library, &ann, "договоры об аренде, месяц").await;
        assert_eq!(titles(&page), ["Договор аренды"]);
        let page = search(&library, &ann, "уведомлять месяцев").await;
        assert_eq!(page["items"][0]["snippet"], "Арендатор уведомляет за два месяца до выезда.");
        assert_eq!(marked(&page), ["уведомляет", "месяца"]);
    }

    async fn other_scripts_and_odd_words_are_found(world: World) {
        let ann = world.person();
        let library = world.start(library_svc::SERVICE).await;
        tell(&library, &world, &ann, "日本語", "賃貸契約の解約通知は二か月前です。").await;
        tell(&library, &world, &ann, "Hindi", "किराये की सूचना अवधि दो महीने है।").await;
        tell(&library, &world, &ann, "Numbers", "Error ERR_CONN_42 costs €1,000 in v2.4.1 of Größe.").await;
        for (words, title) in [
            ("解約通知", "日本語"),
            ("सूचना अवधि", "Hindi"),
            ("ERR_CONN_42", "Numbers"),
            ("1000", "Numbers"),
            ("v2.4.1", "Numbers"),
            ("große", "Numbers"),
        ] {
            assert_eq!(titles(&search(&library, &ann, words).await), [title], "{words}");
        }
        for words in ["\" OR terms:x", "') | 'x' & (", "* NEAR( owner:u", "…", "u & !x"] {
            assert_eq!(search(&library, &ann, words).await["items"], json!([]), "{words}");
        }
    }

    async fn a_message_has_all_words_itself_or_in_its_title(world: World) {
        let ann = world.person();
        let library = world.start(library_svc::SERVICE).await;
        let lease = tell(&library, &world, &ann, "What is the deposit?", "Three rents.").await;
        tell(&library, &world, &ann, "What is the tax?", "A fifth.").await;
        assert_eq!(titles(&search(&library, &ann, "lease deposit").await), Vec::<&str>::new());
        let rename = json!({ "title": "The lease" });
        library.send_json(&ann, "PATCH", &lease, &rename).await.expect(StatusCode::OK);
        let page = search(&library, &ann, "lease deposit").await;
        assert_eq!(titles(&page), ["The lease"]);
        assert_eq!(page["items"][0]["messages"], 1);
        library.send_json(&ann, "PATCH", &lease, &json!({ "title": "Office" })).await.expect(StatusCode::OK);
        assert_eq!(search(&library, &ann, "lease").await["items"], json!([]));
    }

    async fn a_thread_is_found_once_with_its_first_message(world: World) {
        let ann = world.person();
        let library = world.start(library_svc::SERVICE).await;
        let thread = world.ids.next();
        for (question, text) in [("Rent?", "The rent is low."), ("And now?", "The rent is high."), ("Tax?", "None.")] {
            library.deliver(&event(&world, &ann, &answer(&world, thread, question, text))).await;
            world.clock.advance(Duration::from_secs(1));
        }
        let page = search(&library, &ann, "rent is").await;
        assert_eq!(page["items"].as_array().unwrap().len(), 1);
        assert_eq!(page["items"][0]["messages"], 3);
        assert_eq!(page["items"][0]["snippet"], "The rent is low.");
        assert_eq!(marked(&page), ["rent"]);
    }

    async fn a_cursor_goes_on_with_its_own_search_only(world: World) {
        let ann = world.person();
        let library = world.start(library_svc::SERVICE).await;
        for number in 0..3 {
            tell(&library, &world, &ann, &format!("Rent {number}"), "…").await;
        }
        let first = library.get(&ann, &format!("{LIST}?q=rent&limit=2")).await.expect(StatusCode::OK);
        assert_eq!(titles(&first), ["Rent 2", "Rent 1"]);
        let cursor = first["next_cursor"].as_str().unwrap();
        let second = library.get(&ann, &format!("{LIST}?q=rent&cursor={cursor}")).await.expect(StatusCode::OK);
        assert_eq!(titles(&second), ["Rent 0"]);
        for query in [format!("?cursor={cursor}"), format!("?q=tax&cursor={cursor}")] {
            library.get(&ann, &format!("{LIST}{query}")).await.expect(StatusCode::BAD_REQUEST);
        }
    }
}
