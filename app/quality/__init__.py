"""Quality control of goods that come in: inspection, its plan and results, release, nonconformances."""
