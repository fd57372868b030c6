"""`python -m pdp.cli` is `pdp`, also where the script is not on the path."""

from pdp.cli.main import main

main()
