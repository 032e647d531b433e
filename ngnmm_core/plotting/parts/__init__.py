"""What figures are made of: style, labels, layout, panels, and how a figure is written."""
