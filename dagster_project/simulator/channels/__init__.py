"""The source systems, one module each: what the retailer's channels export of the world, in the words and formats of
the system.
"""
