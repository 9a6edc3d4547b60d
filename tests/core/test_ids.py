from app.core.ids import new_id, next_number


def test_ids_sort_by_time_and_differ():
    made = [new_id() for _ in range(100)]
    assert len(set(made)) == 100
    assert all(len(one) == 26 for one in made)
    assert made[0][:9] <= made[-1][:9]
    assert not any(int(one, 32) % 4 for one in made)  # what a UUID has no room for


def test_numbers_count_up_within_a_series(tx):
    assert next_number("SO") == "SO-2026-000001"
    assert next_number("SO") == "SO-2026-000002"
    assert next_number("RC") == "RC-2026-000001"


def test_a_transaction_rolled_back_gives_its_number_back(tx):
    with tx.begin_nested() as part:
        next_number("SO")
        part.rollback()
    assert next_number("SO") == "SO-2026-000001"
