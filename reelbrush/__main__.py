"""`python -m reelbrush` is the command line."""

from reelbrush.cli import main

if __name__ == "__main__":
    main(prog_name="reelbrush")
