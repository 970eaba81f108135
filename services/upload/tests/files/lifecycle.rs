//! From the upload to the passage.

use axum::body::Body;
use http::StatusCode;
use proto::upload::v1::RetrieveRequest;
use testkit::on_both;

use crate::support::{LEASE, add, check_parts, indexed, original, question, retrieve, start, text, until};

on_both! {
    async fn a_file_is_uploaded_indexed_and_found(world: World) {
        let mut world = world;
        let services = start(&mut world).await;
        let anna = world.person();
        let project = services.project(&anna, "handbook").await;
        let id = add(&services.upload, &anna, "handbook", "lease.md", LEASE.as_bytes()).await;
        let file = until(&services.upload, &anna, &id, "indexed").await;
        assert_eq!(file["name"], "lease.md");
        assert_eq!(file["project_id"], project.as_str());
        assert_eq!(file["size"], LEASE.len());
        assert_eq!(file["attempts"], 1);
        assert!(file["chunks"].as_i64().unwrap() > 0);

        let found = retrieve(&services.upload, &anna, question("What is the notice period in the lease?")).await;
        assert_eq!((found.pending_files, found.degraded.as_str()), (0, ""));
        let best = &found.chunks[0];
        assert!(best.text.contains("notice period of three months"), "{best:?}");
        assert_eq!((best.file_id.as_str(), best.file_name.as_str(), best.title.as_str()), (id.as_str(), "lease.md", "Lease"));

        let stored = services.upload.get(&anna, &format!("/api/v1/upload/{id}/text")).await.expect(StatusCode::OK);
        assert_eq!(stored["title"], "Lease");
        assert!(stored["url"].is_null());
    }

    async fn the_original_is_shown_or_saved(world: World) {
        let mut world = world;
        let services = start(&mut world).await;
        let anna = world.person();
        services.project(&anna, "handbook").await;
        let page = b"<!doctype html><title>Rules</title><p>Dogs are <b>allowed</b>.<script>steal()</script>";
        for (name, content, shown, kind) in [
            ("договор №1.md", LEASE.as_bytes(), "inline", "text/plain; charset=utf-8"),
            ("rules.html", page, "attachment", "application/octet-stream"),
        ] {
            let id = add(&services.upload, &anna, "handbook", name, content).await;
            for (query, disposition) in [("", shown), ("?download=true", "attachment")] {
                let answer = services.upload.get(&anna, &format!("/api/v1/upload/{id}/content{query}")).await;
                assert_eq!((answer.status, &answer.body[..]), (StatusCode::OK, content), "{name}");
                let header = |name: &str| answer.headers[name].to_str().unwrap().to_owned();
                assert!(header("content-disposition").starts_with(&format!("{disposition}; filename*=UTF-8''")));
                assert_eq!((header("content-type").as_str(), header("x-content-type-options").as_str()), (kind, "nosniff"));
                assert!(header("content-security-policy").contains("default-src 'none'"));
            }
            let stranger = world.person();
            services.upload.get(&stranger, &format!("/api/v1/upload/{id}/content")).await.expect(StatusCode::NOT_FOUND);
        }
    }

    async fn a_part_of_the_original_is_read_by_its_range(world: World) {
        let mut world = world;
        let services = start(&mut world).await;
        let anna = world.person();
        services.project(&anna, "handbook").await;
        let id = add(&services.upload, &anna, "handbook", "lease.md", LEASE.as_bytes()).await;
        check_parts(&services.upload, &anna, &id, LEASE.as_bytes()).await;
        let request = anna.http("GET", &format!("/api/v1/upload/{id}/content")).header("range", "bytes=0-1");
        let other = request.header("if-range", "\"another state\"").body(Body::empty()).unwrap();
        assert_eq!(services.upload.send(other).await.body, LEASE, "of another state there is no part");
    }

    async fn a_text_says_that_it_is_utf8_when_it_is(world: World) {
        let mut world = world;
        let services = start(&mut world).await;
        let anna = world.person();
        services.project(&anna, "handbook").await;
        // One byte before, so that the first mebibyte ends within a character.
        let long = format!("x{}", "Срок уведомления. ".repeat(40_000));
        let latin = b"Die K\xfcndigungsfrist betr\xe4gt drei Monate zum Ende eines Monats.".as_slice();
        for (name, content, kind) in
            [("long.txt", long.as_bytes(), "text/plain; charset=utf-8"), ("latin.txt", latin, "text/plain")]
        {
            let id = add(&services.upload, &anna, "handbook", name, content).await;
            for range in [None, Some("bytes=5-9")] {
                let answer = original(&services.upload, &anna, &id, range).await;
                assert_eq!(answer.headers["content-type"], kind, "{name}");
            }
        }
    }

    async fn offsets_count_characters_of_the_stored_text(world: World) {
        let mut world = world;
        let services = start(&mut world).await;
        let anna = world.person();
        services.project(&anna, "deutsch").await;
        let mut content = String::from("# Über Füchse 🦊\n\n");
        for number in 0..400 {
            content.push_str(&format!("Fuchs {number} läuft über die Straße nach Köln – schnell. 狐が走る。\n\n"));
        }
        let id = indexed(&services.upload, &anna, "deutsch", "füchse.txt", content.as_bytes()).await;
        let stored = services.upload.get(&anna, &format!("/api/v1/upload/{id}/text")).await.expect(StatusCode::OK);
        let stored: Vec<char> = text(&stored["text"]).chars().collect();
        let found = retrieve(&services.upload, &anna, RetrieveRequest { limit: 100, ..question("Fuchs Köln") }).await;
        assert!(found.chunks.len() > 3, "a long text is cut");
        for chunk in &found.chunks {
            let (start, end) = (usize::try_from(chunk.start).unwrap(), usize::try_from(chunk.end).unwrap());
            assert_eq!(chunk.text, stored[start..end].iter().collect::<String>());
        }
    }

    async fn passages_of_a_pdf_name_their_page(world: World) {
        let mut world = world;
        let services = start(&mut world).await;
        let anna = world.person();
        services.project(&anna, "handbook").await;
        let pages = ["The introduction says hello.", "The deposit is nine hundred euros.", "The last page is empty."];
        let id = indexed(&services.upload, &anna, "handbook", "contract.pdf", &pdf(&pages)).await;
        let file = until(&services.upload, &anna, &id, "indexed").await;
        assert_eq!(file["pages"], 3);
        let found = retrieve(&services.upload, &anna, question("How much is the deposit?")).await;
        assert_eq!(found.chunks[0].page, 2, "{:?}", found.chunks[0]);
    }

    async fn files_are_listed_newest_first(world: World) {
        let mut world = world;
        let services = start(&mut world).await;
        let anna = world.person();
        services.project(&anna, "one").await;
        services.project(&anna, "two").await;
        for name in ["a.txt", "b.txt", "c.txt"] {
            add(&services.upload, &anna, "one", name, name.as_bytes()).await;
        }
        add(&services.upload, &anna, "two", "d.txt", b"d").await;
        let names = |page: &serde_json::Value| -> Vec<String> {
            page["items"].as_array().unwrap().iter().map(|file| text(&file["name"])).collect()
        };
        let page = services.upload.get(&anna, "/api/v1/upload?project=one&limit=2").await.expect(StatusCode::OK);
        assert_eq!(names(&page), ["c.txt", "b.txt"]);
        let next = format!("/api/v1/upload?project=one&limit=2&cursor={}", text(&page["next_cursor"]));
        let page = services.upload.get(&anna, &next).await.expect(StatusCode::OK);
        assert_eq!(names(&page), ["a.txt"]);
        assert!(page["next_cursor"].is_null());
        for elsewhere in ["/api/v1/upload?limit=2", "/api/v1/upload?project=two&limit=2"] {
            let cursor = next.split_once("cursor=").unwrap().1;
            let refused = services.upload.get(&anna, &format!("{elsewhere}&cursor={cursor}")).await;
            refused.expect(StatusCode::BAD_REQUEST);
        }
        let all = services.upload.get(&anna, "/api/v1/upload").await.expect(StatusCode::OK);
        assert_eq!(names(&all).len(), 4);
    }
}

/// A PDF with one line of text on each page.
fn pdf(pages: &[&str]) -> Vec<u8> {
    let kids: Vec<String> = (0..pages.len()).map(|page| format!("{} 0 R", 4 + page * 2)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{}] /Count {} >>", kids.join(" "), pages.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
    ];
    for (page, line) in pages.iter().enumerate() {
        let drawing = format!("BT /F1 12 Tf 72 720 Td ({line}) Tj ET");
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> /Contents {} 0 R >>",
            5 + page * 2
        ));
        objects.push(format!("<< /Length {} >>\nstream\n{drawing}\nendstream", drawing.len()));
    }
    let mut file = b"%PDF-1.4\n".to_vec();
    let mut offsets = Vec::new();
    for (number, object) in objects.iter().enumerate() {
        offsets.push(file.len());
        file.extend_from_slice(format!("{} 0 obj\n{object}\nendobj\n", number + 1).as_bytes());
    }
    let table = file.len();
    file.extend_from_slice(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).as_bytes());
    for offset in offsets {
        file.extend_from_slice(format!("{offset:010} 00000 n \n").as_bytes());
    }
    let trailer = format!("trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n", objects.len() + 1);
    file.extend_from_slice(trailer.as_bytes());
    file
}
