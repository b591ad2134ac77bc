use super::*;
#[test]
fn fixtures() {
    for text in [include_str!("../../../../fixtures/digitalbazaar-ob-3.0.3.json"),include_str!("../../../../fixtures/digitalbazaar-ob-3.0.2.json"),include_str!("../../../../fixtures/digitalbazaar-vcdm-1.1.json"),include_str!("../../../../../../tests/fixtures/digitalbazaar-ob3.json")] {
        let mut document: Map<String, Value> = serde_json::from_str(text).unwrap();
        document.remove("proof");
        let slow = super::super::by_libraries(&document).ok().unwrap();
        let fast = canonical(&document).expect("declined");
        assert_eq!(fast, slow);
    }
}
