"""A seeded world to try Youxu in: invented hospitals, distributors, devices and a month of orders. No real person."""
