//! The two migration trees make the same tables.

#[tokio::test]
async fn both_databases_have_the_same_tables_and_columns() {
    testkit::service::assert_same_schema(library_svc::SERVICE).await;
}
