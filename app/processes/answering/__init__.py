"""Forms of user tasks on the server: which may be deployed, and which answers they take.

A form is form-js JSON beside the diagram. The browser shows and checks it; a program may send anything, so the same
rules hold here, by the same schema.

    fields     the fields of a form, by the path of their answer
    schema     what may not be deployed, component by component
    answers    answers checked and coerced as form-js does
    feel       conditions under which a field is hidden (a small part of FEEL)
    patterns   regular expressions, in time linear in the text
"""

from __future__ import annotations

from app.processes.answering.answers import checked as checked
from app.processes.answering.answers import faults_of as faults_of
from app.processes.answering.fields import Field as Field
from app.processes.answering.fields import fields_of as fields_of
from app.processes.answering.fields import put as put
from app.processes.answering.schema import FormRefused as FormRefused
from app.processes.answering.schema import refuse_wrong_form as refuse_wrong_form
