"""Master data: products, registrations, customers, licences, authorisations, contracts, tender awards, regions."""
