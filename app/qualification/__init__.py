"""First-trade qualification (首营企业、首营品种): papers with scans, approval, warnings, lapse."""
