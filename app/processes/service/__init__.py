"""Verbs of processes. Each is one step in the caller's transaction: all of it is stored, or nothing.

deploying    diagrams and what is in force        starting     new instances, called ones too
going_on     what moves an instance               messaging    messages by name and keys
kept         messages nobody waits for yet            signalling   signals, heard by all
working      jobs: timers, asynchronous parts     operating    what operators do
migrating    running instances to another version timed_starts what starts at a time
conditional_starts what starts when a condition holds
"""

from __future__ import annotations

from app.processes import scoping as scoping
from app.processes.deciding import rule_set_names as rule_set_names
from app.processes.designer.governing import GovernedProcess as GovernedProcess
from app.processes.designer.governing import refuse_direct as refuse_direct
from app.processes.engine import ENGINE_NAMES as ENGINE_NAMES
from app.processes.engine import BpmnError as BpmnError
from app.processes.engine import DiagramRefused as DiagramRefused
from app.processes.engine import TokenNotReady as TokenNotReady
from app.processes.engine import processes_in as processes_in
from app.processes.saving import NotRunning as NotRunning
from app.processes.saving import Suspended as Suspended
from app.processes.service.conditional_starts import start_by_conditions as start_by_conditions
from app.processes.service.deploying import FOLDER as FOLDER
from app.processes.service.deploying import deploy as deploy
from app.processes.service.deploying import deploy_all as deploy_all
from app.processes.service.deploying import seed as seed
from app.processes.service.deploying import suspend_definition as suspend_definition
from app.processes.service.deploying import take_out_of_force as take_out_of_force
from app.processes.service.going_on import SignatureNeeded as SignatureNeeded
from app.processes.service.going_on import cancel as cancel
from app.processes.service.going_on import escalate as escalate
from app.processes.service.going_on import go_on as go_on
from app.processes.service.going_on import go_on_at as go_on_at
from app.processes.service.going_on import report as report
from app.processes.service.going_on import throw_error as throw_error
from app.processes.service.kept import forget_kept as forget_kept
from app.processes.service.messaging import Correlated as Correlated
from app.processes.service.messaging import ManyMatches as ManyMatches
from app.processes.service.messaging import NoMatch as NoMatch
from app.processes.service.messaging import correlate as correlate
from app.processes.service.messaging import deliver_to as deliver_to
from app.processes.service.messaging import start_about as start_about
from app.processes.service.messaging import starts_any as starts_any
from app.processes.service.migrating import CannotMigrate as CannotMigrate
from app.processes.service.migrating import CannotUndo as CannotUndo
from app.processes.service.migrating import Preview as Preview
from app.processes.service.migrating import migrate as migrate
from app.processes.service.migrating import migrations_of as migrations_of
from app.processes.service.migrating import preview as preview
from app.processes.service.migrating import running_ids as running_ids
from app.processes.service.migrating import undo_migration as undo_migration
from app.processes.service.operating import cancel_instance as cancel_instance
from app.processes.service.operating import move_token as move_token
from app.processes.service.operating import resume as resume
from app.processes.service.operating import retry_incident as retry_incident
from app.processes.service.operating import set_variables as set_variables
from app.processes.service.operating import skip_incident as skip_incident
from app.processes.service.operating import suspend as suspend
from app.processes.service.signalling import signal as signal
from app.processes.service.starting import AlreadyRunning as AlreadyRunning
from app.processes.service.starting import DefinitionSuspended as DefinitionSuspended
from app.processes.service.starting import restart as restart
from app.processes.service.starting import start as start
from app.processes.service.starting import start_definition as start_definition
from app.processes.service.timed_starts import retry_start as retry_start
from app.processes.service.working import run_job as run_job
from app.processes.steps import step as step
from app.processes.steps import subject_version as subject_version
from app.processes.steps import task_rank as task_rank
