"""Recomputes the numbers of the pages from the stored records.

    python -m docs.recompute            # says what differs, with exit status 1
    python -m docs.recompute --write    # writes the tables into the pages
    python -m docs.recompute --unrecorded

Records are `docs/w1_benchmark/*.json`, `docs/images/evidence/evidence.json`,
`docs/images/sweep_*.csv`, `docs/images/figure2_clothes.csv` and
`docs/images/*_curves.csv`. A page has four kinds of numbers. Tables between
`<!-- table NAME: begin -->` and `<!-- table NAME: end -->` are written from records.
Sentences are compared with what the records say. Numbers between `<!-- no record -->`
and `<!-- end -->` were measured in runs whose records were not kept. All others are
settings, which `pages` knows by the words around them. A number of no kind is an error.
"""
