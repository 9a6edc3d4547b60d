"""Verbs of identity, by group."""

from app.identity.service.confirming import confirm as confirm
from app.identity.service.confirming import note_signing as note_signing
from app.identity.service.confirming import signs_by_password as signs_by_password
from app.identity.service.substituting import NotYourSubstitution as NotYourSubstitution
from app.identity.service.substituting import Scope as Scope
from app.identity.service.substituting import SubstitutionEnded as SubstitutionEnded
from app.identity.service.substituting import end_substitution as end_substitution
from app.identity.service.substituting import name_substitute as name_substitute
from app.identity.service.tokens import NotYourToken as NotYourToken
from app.identity.service.tokens import is_live as is_live
from app.identity.service.tokens import make_token as make_token
from app.identity.service.tokens import revoke_token as revoke_token
from app.identity.service.users import LastAdministrator as LastAdministrator
from app.identity.service.users import LoginTaken as LoginTaken
from app.identity.service.users import change_own_email as change_own_email
from app.identity.service.users import change_own_locale as change_own_locale
from app.identity.service.users import change_password as change_password
from app.identity.service.users import change_user as change_user
from app.identity.service.users import create_user as create_user
from app.identity.service.users import reset_password as reset_password
from app.identity.service.users import unlock as unlock
