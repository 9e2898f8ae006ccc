"""What good data is: contracts of the channels, expectation suites of the tables, and the one runner of both."""
