const drawAll = () => charts.draw();
charts.start();
rows.start();
clauses.start();
applyTheme();
