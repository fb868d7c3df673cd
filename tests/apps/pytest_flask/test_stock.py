"""Tests of the stock through Flask's test client: each request is handled in the process and under the span of a test.

opentelemetry-instrument pytest --export-traces     notes in requests.jsonl what was requested
"""
import json

import pytest
from stock import create_app


class Client:
    def __init__(self, client, file):
        self.client, self.file = client, file

    def open(self, method, path, **options):
        answer = self.client.open(path, method=method, **options)
        print(json.dumps({"method": method, "path": path, "status": answer.status_code}), file=self.file)
        return answer


@pytest.fixture(scope="session")
def log():
    with open("requests.jsonl", "w", encoding="utf-8") as file:
        yield file


@pytest.fixture
def client(log):
    return Client(create_app().test_client(), log)


@pytest.mark.parametrize("item", [1, 3, 5])
def test_pieces(client, item):
    assert client.open("GET", f"/stock/{item}").get_json()["pieces"] == 10 * item


def test_unknown_item(client):
    assert client.open("GET", "/stock/9").status_code == 404


def test_a_delivery_is_counted(client):
    for _ in range(3):
        assert client.open("POST", "/deliveries", json={"item": 2}).status_code == 201
    assert client.open("GET", "/stock/2").get_json()["pieces"] == 23


def test_deliveries_of_other_items_are_not_counted(client):
    for item in (1, 3, 4):
        client.open("POST", "/deliveries", json={"item": item})
    assert client.open("GET", "/stock/2").get_json()["pieces"] == 20


def test_a_delivery_of_nothing(client):
    assert client.open("POST", "/deliveries", json={}).status_code == 500
