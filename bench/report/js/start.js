const drawAll = () => charts.draw();
charts.start();
rows.start();
trends.start();
clauses.start();
census.start();
applyTheme();
