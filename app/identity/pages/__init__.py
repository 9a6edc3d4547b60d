"""Pages of identity: signing in and out, one's own account, administration of users."""

from app.identity.pages import account as account
from app.identity.pages import administration as administration
from app.identity.pages import identify as identify
from app.identity.pages import sign_in as sign_in
from app.identity.pages import substitutes as substitutes
from app.identity.pages import tokens as tokens
from app.identity.pages.blueprint import bp as bp
