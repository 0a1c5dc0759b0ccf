"""Charts made from plain data: names and numbers in, an Altair chart out.

They know nothing of audits, pages or files. The geometry of a chart is fixed to the pixel
(margins, rows, places of labels), so that no two labels meet and the same numbers give the same
picture. `save_chart` writes HTML, SVG or PNG, offline.
"""

from errata.report.charts.accuracies import ModelChange as ModelChange
from errata.report.charts.accuracies import accuracy_chart as accuracy_chart
from errata.report.charts.axes import chart_form as chart_form
from errata.report.charts.axes import is_chart as is_chart
from errata.report.charts.axes import save_chart as save_chart
from errata.report.charts.bars import pairs_chart as pairs_chart
from errata.report.charts.bars import verdict_chart as verdict_chart
from errata.report.charts.decided import decided_chart as decided_chart
from errata.report.charts.drawing import NARROW as NARROW
from errata.report.charts.drawing import WIDE as WIDE
from errata.report.charts.drawing import Drawing as Drawing
from errata.report.charts.drawing import Section as Section
from errata.report.charts.drawing import drawing as drawing
from errata.report.charts.drawing import stylesheet as stylesheet
from errata.report.charts.drawing import svg as svg
from errata.report.charts.gallery import gallery_chart as gallery_chart
from errata.report.charts.intervals import ModelInterval as ModelInterval
from errata.report.charts.intervals import interval_chart as interval_chart
from errata.report.charts.kinship import Relation as Relation
from errata.report.charts.kinship import kin_chart as kin_chart
from errata.report.charts.look import DARK as DARK
from errata.report.charts.look import LIGHT as LIGHT
from errata.report.charts.look import Look as Look
from errata.report.charts.panels import prevalence_panels as prevalence_panels
from errata.report.charts.prevalence import leads as leads
from errata.report.charts.prevalence import notable_models as notable_models
from errata.report.charts.prevalence import prevalence_chart as prevalence_chart
from errata.report.charts.prevalence import spread as spread
from errata.report.charts.ranks import movers as movers
from errata.report.charts.ranks import rank_chart as rank_chart
from errata.report.charts.ranksets import RankSet as RankSet
from errata.report.charts.ranksets import rank_set_chart as rank_set_chart
from errata.report.charts.rates import error_chart as error_chart
from errata.report.charts.rates import error_course_chart as error_course_chart
from errata.report.charts.reliability import reliability_chart as reliability_chart
