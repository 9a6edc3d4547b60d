from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session


@pytest.fixture
def client(app: Flask, tx: Session) -> FlaskClient:
    """A browser that wishes English."""
    made = app.test_client()
    made.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return made
