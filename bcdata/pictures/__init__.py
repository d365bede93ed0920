"""Pictures and reports for people: what is known, drawn. Values in, text of SVG or HTML out; nothing is read here."""
