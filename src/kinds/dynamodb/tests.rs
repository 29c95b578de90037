use super::*;

#[test]
fn only_a_provisioned_table_is_advised_to_go_on_demand() {
    let table = |mode| Seen { mode, class: TableClass::Standard, items: 0, bytes: 0 };
    let provisioned =
        Tables.describe(Some(&table(Mode::Provisioned { read_units: 5, write_units: 4 })));
    assert_eq!(provisioned.advice[0].pays, provisioned.usage);
    assert!(provisioned.advice[0].would_pay.is_none());
    assert!(Tables.describe(Some(&table(Mode::OnDemand))).advice.is_empty());
}

#[test]
fn sizes_are_told_in_the_unit_that_fits() {
    assert_eq!([999, 1000, 3_400_000].map(size), ["999 bytes", "1.0 KB", "3.4 MB"]);
}

#[test]
fn its_arn_is_read_as_its_kind_and_name() {
    let id = INFO.resource_in("arn:aws:dynamodb:us-east-1:123456789012:table/t").unwrap();
    assert_eq!(id.to_string(), "dynamodb:t");
}
