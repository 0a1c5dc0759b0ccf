"""Charts made from plain data: names and numbers in, an Altair chart out.

They know nothing of audits, pages or files. The geometry of a chart is fixed to the pixel
(margins, rows, places of labels), so that no two labels meet and the same numbers give the same
picture. `save_chart` writes HTML, SVG or PNG, offline.
"""

from errata.report.charts.accuracies import ModelChange as ModelChange
from errata.report.charts.accuracies import accuracy_chart as accuracy_chart
from errata.report.charts.axes import save_chart as save_chart
from errata.report.charts.bars import pairs_chart as pairs_chart
from errata.report.charts.bars import verdict_chart as verdict_chart
from errata.report.charts.look import DARK as DARK
from errata.report.charts.look import LIGHT as LIGHT
from errata.report.charts.look import Look as Look
from errata.report.charts.prevalence import leads as leads
from errata.report.charts.prevalence import notable_models as notable_models
from errata.report.charts.prevalence import prevalence_chart as prevalence_chart
from errata.report.charts.prevalence import spread as spread
