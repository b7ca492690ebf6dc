metadata description = 'What operators see and hear: workbook, alerts, budget.'

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Resource ID of Application Insights.')
param appInsightsId string

@description('Resource ID of the Log Analytics workspace.')
param logAnalyticsId string

@description('Resource ID of the account with the queues of the app.')
param opsAccountId string

@description('Address of the app, for links to its jobs.')
param appUrl string

@description('Resource ID of the Azure Machine Learning workspace, for links to runs.')
param machineLearningId string

@description('Address that alerts and warnings of the budget go to; empty for none.')
param alertEmail string = ''

@description('Name of the action group that mails.')
param actionGroupName string

@description('Monthly budget; 0 for none.')
@minValue(0)
param monthlyBudget int = 0

@description('First day of the month from which on the budget counts; empty for this month.')
param budgetStart string = ''

@description('First day of this month; leave it alone.')
param currentMonth string = utcNow('yyyy-MM-01')

module workbook 'workbook.bicep' = {
  name: 'workbook'
  params: {
    location: location
    tags: tags
    appInsightsId: appInsightsId
    logAnalyticsId: logAnalyticsId
    appUrl: appUrl
    machineLearningId: machineLearningId
  }
}

module alerts 'alerts.bicep' = {
  name: 'alerts'
  params: {
    location: location
    tags: tags
    appInsightsId: appInsightsId
    logAnalyticsId: logAnalyticsId
    opsAccountId: opsAccountId
    email: alertEmail
    actionGroupName: actionGroupName
  }
}

module budget 'budget.bicep' = if (monthlyBudget > 0) {
  name: 'budget'
  params: {
    amount: max(monthlyBudget, 1)
    // Azure may look at the parameters of what is not deployed, too.
    contactEmails: monthlyBudget > 0 && empty(alertEmail)
      ? fail('monthlyBudget needs alertEmail: nobody would hear of it.')
      : [alertEmail]
    start: empty(budgetStart) ? currentMonth : budgetStart
  }
}

@description('Where the workbook opens in the Azure portal.')
output workbookUrl string = workbook.outputs.url
