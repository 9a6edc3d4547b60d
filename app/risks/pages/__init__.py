"""Pages of risks."""

from app.risks.pages.lists import bp as bp
