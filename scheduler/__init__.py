"""Appointments in calendars become phone calls, placed once, on time or not at all, and told."""
