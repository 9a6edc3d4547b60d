"""Webhooks: where they come in, and the pages about them."""

from app.integration.inbound import action_orders as action_orders
from app.integration.inbound import action_processes as action_processes
from app.integration.inbound import action_quality as action_quality
from app.integration.inbound import action_shipments as action_shipments
from app.integration.inbound import action_stock as action_stock
from app.integration.inbound import action_tasks as action_tasks
from app.integration.inbound import processing as processing
from app.integration.outbound import delivering as delivering
from app.integration.outbound import feeding as feeding
from app.integration.pages import event_log as event_log
from app.integration.pages import ingest as ingest
from app.integration.pages import mapping as mapping
from app.integration.pages import sources as sources
from app.integration.pages import subscriptions as subscriptions
from app.integration.pages.blueprint import bp as bp
