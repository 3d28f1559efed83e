"""Compares the pages with the stored records: see the head of the package."""

import sys

from docs.recompute import figures
from docs.recompute.pages import PAGES, problems, without_record, written
from wgan_gp.system import arguments, failures


def main(argv: list[str]) -> int:
    """Runs the command; returns its exit status."""
    parser = arguments.make_parser("docs.recompute", __doc__)
    parser.add_argument(
        "--write", action="store_true", help="write the tables into the pages"
    )
    parser.add_argument(
        "--unrecorded",
        action="store_true",
        help="list what was measured in runs whose records were not kept",
    )
    parser.add_argument(
        "--draw",
        action="store_true",
        help="draw the pictures of docs/images again from the records",
    )
    try:
        args = arguments.parse(parser, argv[1:])
        for path in figures.draw() if args.draw else ():
            print(path)
    except failures.EXPECTED as error:
        return failures.report(error, 2)
    status = 0
    for page in PAGES:
        if args.write:
            page.path.write_text(written(page), encoding="utf-8")
        if args.unrecorded:
            print("\n".join([f"{page.path.name}:", *without_record(page), ""]))
        for line in problems(page):
            print(f"{page.path.name}: {line}")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv))
