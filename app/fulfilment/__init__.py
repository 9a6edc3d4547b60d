"""The glue: order intake, the steps of the approval process, the inbox and the order pages."""
